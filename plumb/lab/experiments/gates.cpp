// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/fixture.h"
#include "plumb/optim/optimiser.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/gate.h"
#include "plumb/train/trainer.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;
using Q = TimeQuantity;

/// How much of dJ/dc an LSTM with no other weights keeps over `steps` steps: its forget gate alone.
double kept_by_forget_gate(double bias, std::int64_t steps) {
  BenchNetwork net("lstm 1", Shape{steps + 1, 1}, 1);
  for (std::size_t i = 0; i < net.param_count(); ++i) std::ranges::fill(net.param(i), 0.0);
  net.param(2)[1] = bias;  // gates i f g o
  net.forward();
  Vector top(static_cast<std::size_t>(steps) + 1, 0.0);
  top.back() = 1;
  net.backward(top);
  const Vector& grad_c = net.through_time(Q::grad_c);
  return std::exp2(grad_c.front() - grad_c.back());
}

void memory(Result& result) {
  Table table{"What a forget gate keeps of the cell's gradient",
              {"bias", "gate", "10 steps", "100 steps", "half is left after"},
              {}};
  const auto row = [&](double bias, double ten) {
    const double gate = kept_by_forget_gate(bias, 1), measured = kept_by_forget_gate(bias, 10);
    table.rows.push_back({number(bias), number(gate, 4), number(measured, 4),
                          number(kept_by_forget_gate(bias, 100), 3),
                          number(theory::half_life(gate), 4) + " steps"});
    result.near(
        37, fmt::format("gradient of the cell kept over 10 steps, forget bias {}", number(bias)),
        measured, ten, 1e-10, "sigma(bias)^10");
  };
  row(0, 9.765625e-4);
  row(1, 0.0436035427941);
  row(2, 0.281033862321);
  row(5, std::pow(theory::gate_value(5), 10));
  result.near(37, "half-life in steps, forget bias 1", theory::half_life(kept_by_forget_gate(1, 1)),
              2.2127, 1e-4, "ln(1/2) / ln sigma(1)");
  result.show(std::move(table));
  result.say(
      "Along the cell the gradient is multiplied by the forget gate alone. The usual advice, a "
      "forget bias of 1, keeps 0.73 "
      "a step: half is gone after 2.2 steps. It makes a beginning; it is no long memory.");
}

/// log10 of the gradient at each step, relative to the last one, at the usual start.
Series through_time(std::string name, const std::string& layer, Q quantity,
                    const Settings& settings) {
  const std::int64_t steps = settings.integer("steps", 5, 5000),
                     hidden = settings.integer("width", 1, 500);
  constexpr std::int64_t kBatch = 8, kInputs = 4;
  BenchNetwork net(fmt::format("{} > last", fmt::format(fmt::runtime(layer), hidden)),
                   Shape{steps, kInputs}, kBatch, "pytorch", 1, settings.seed());
  const Rng rng(settings.seed(), "lab/x"), up(settings.seed(), "lab/top");
  for (std::size_t i = 0; i < net.input().size(); ++i) net.input()[i] = rng.normal(i);
  Vector top(net.forward().size());
  for (std::size_t i = 0; i < top.size(); ++i) top[i] = up.normal(i);
  net.backward(top);
  const Vector& norms = net.through_time(quantity);
  Series series{std::move(name), {}, {}};
  for (std::size_t t = 0; t < norms.size(); ++t) {
    series.x.push_back(static_cast<double>(norms.size() - 1 - t));
    series.y.push_back((norms[t] - norms.back()) * kLog10Of2);
  }
  return series;
}

void at_the_start(Result& result, const Settings& settings) {
  const Series rnn = through_time("rnn (tanh)", "rnn {}", Q::grad_h, settings);
  const Series gru = through_time("gru", "gru {}", Q::grad_h, settings);
  const Series plain = through_time("lstm", "lstm {}", Q::grad_c, settings);
  const Series one =
      through_time("lstm, forget bias 1", "lstm {} forget_bias=1", Q::grad_c, settings);
  const Series five =
      through_time("lstm, forget bias 5", "lstm {} forget_bias=5", Q::grad_c, settings);
  const double steps = rnn.x.front();
  result.say(
      fmt::format("The gradient on its way back through {} steps, at the usual start: the plain "
                  "recurrence loses {} of it per step, "
                  "the gated ones less, and the forget bias decides how much less.",
                  number(steps), format_percent(1 - std::pow(10, rnn.y.front() / steps))));
  result.at_most(37, "rnn: log10 of the gradient's factor per step", rnn.y.front() / steps,
                 std::log10(0.6), "sqrt(1/3) = 0.577 at most: weights U(-1/sqrt n, 1/sqrt n)");
  result.at_least(37, "lstm, forget bias 1: the same", one.y.front() / steps,
                  rnn.y.front() / steps + 0.05, "gates help");
  result.within(37, "lstm, forget bias 5: the same", five.y.front() / steps,
                std::log10(theory::gate_value(5)), 0.02, "sigma(5) = 0.9933");
  result.show(Plot{"Gradient through time, before any training",
                   "Straight lines are exponential decay. Gates flatten them; only a forget gate "
                   "that is nearly open makes "
                   "them level.",
                   PlotKind::line,
                   {"steps back", false},
                   {"gradient", true},
                   {},
                   {rnn, gru, plain, one, five}});
}

void fixtures(Result& result) {
  struct Known {
    const char* layer;
    double forget_bias, loss;
    Q quantity;
    double first, last;  ///< norms at t = 1 and t = 30
  };
  const Known known[] = {
      {"rnn", 0, 5.461991804317939e-1, Q::grad_h, 4.967228433409235e-5, 7.241146628245750e-1},
      {"lstm", 0, 5.426461994700387e-1, Q::grad_c, 1.573030061437958e-7, 2.745815351263386e-1},
      {"lstm", 1, 5.337989848228352e-1, Q::grad_c, 1.277032303736218e-3, 2.807819346896181e-1},
  };
  for (const Known& k : known) {
    RecurrentFixture fixture(k.layer, k.forget_bias);
    const double loss = fixture.network.differentiate("mse", fixture.target());
    const Vector& norms = fixture.network.through_time(k.quantity);
    const std::string name =
        fmt::format("{}{}", k.layer, k.forget_bias > 0 ? ", forget bias + 1" : "");
    result.near(37, fmt::format("loss of 30 steps, {}", name), loss, k.loss, 1e-12,
                "PyTorch 1.13, double");
    result.near(37, fmt::format("gradient at step 1, {}", name), std::exp2(norms.front()), k.first,
                1e-9, "PyTorch 1.13, double");
    result.near(37, fmt::format("gradient at step 30, {}", name), std::exp2(norms.back()), k.last,
                1e-9, "PyTorch 1.13, double");
  }
  RecurrentFixture open("lstm", 5);
  open.network.differentiate("mse", open.target());
  const Vector norms = open.network.through_time(Q::grad_c);
  result.say(
      fmt::format("Nothing in a gate prevents explosion: its factor is at most one, but the "
                  "recurrent weights add their own way back. "
                  "In this LSTM with open forget gates the gradient grows from {} at the last step "
                  "to {} at the first.",
                  format_log2(norms.back()), format_log2(norms.front())));
  result.within(37, "lstm, forget bias + 5: gradient at step 30", std::exp2(norms.back()), 0.28,
                0.005, "PyTorch 1.13 (two digits)");
  result.within(37, "the same at step 1: it has grown", std::exp2(norms.front()), 0.97, 0.005,
                "PyTorch 1.13 (two digits)");
}

/// E = (sigma(x_50) - 0.7)^2 with x_t = w sigma(x_{t-1}) + b, x_0 = 0.5, and its gradient.
struct Wall {
  double error, by_w, by_b;
};
Wall wall(double w, double b) {
  // The layer keeps h = sigma(x); its first step gets w sigma(x_0) as input, for h_0 is 0 there.
  const double start = 1 / (1 + std::exp(-0.5));
  BenchNetwork net("rnn 1 act=sigmoid > last", Shape{50, 1}, 1);
  net.param(0)[0] = 1;
  net.param(1)[0] = w;
  net.param(2)[0] = b;
  net.param(3)[0] = 0;
  net.input()[0] = w * start;
  net.keep_gradients(true);
  const double off = net.forward()[0] - 0.7;
  net.backward(Vector{2 * off});
  return {off * off, net.gradient(1)[0] + net.input_gradient()[0] * start, net.gradient(2)[0]};
}

void clipping(Result& result) {
  constexpr double kW = 4.65;
  Plot plot{"The wall: the error of one recurrent unit over 50 steps, w = 4.65",
            "A step in the error so steep that one gradient step from its edge leaves the picture. "
            "Clipping keeps the "
            "direction and cuts the length.",
            PlotKind::line,
            {"bias b", false},
            {"error", false},
            {},
            {}};
  Series error{"error", {}, {}};
  for (int i = 0; i <= 120; ++i) {
    const double b = -2.42 + 0.0004 * i;
    error.x.push_back(b);
    error.y.push_back(wall(kW, b).error);
  }
  plot.series.push_back(std::move(error));
  const Wall edge = wall(kW, -2.395), beside = wall(kW, -2.39);
  const double norm = std::hypot(edge.by_w, edge.by_b);
  const double clipped = norm * clip_factor(norm, 1);
  result.show(std::move(plot));
  result.say(fmt::format(
      "Exploding gradients need another remedy: clipping. At b = -2.395 the gradient has norm {}, "
      "at b = -2.39 it has {}. A "
      "plain step of rate 0.1 would move the weights by {}; clipped to norm 1 it moves them by {}.",
      number(norm, 4), number(std::hypot(beside.by_w, beside.by_b), 3), number(0.1 * norm, 3),
      number(0.1 * clipped, 3)));
  result.near(37, "error at the wall", edge.error, 0.093841368324525126, 1e-9, "mpmath, 50 digits");
  result.near(37, "dE/dw there", edge.by_w, -216.07077559969217, 1e-8,
              "mpmath; Pascanu et al. 2013, figure 6");
  result.near(37, "dE/db there", edge.by_b, -349.51136400253203, 1e-8, "mpmath");
  result.near(37, "dE/dw just beside it", beside.by_w, 0.19852478473425489, 1e-8, "mpmath");
  result.near(37, "norm after clipping at 1", clipped, 1, 1e-5, "definition");
}

/// Numbers of which two are marked; the answer is the sum of the two. Always saying 1 costs a mean
/// squared error of 1/6 (Hochreiter and Schmidhuber 1997, experiment 4).
Dataset adding(std::int64_t steps, std::int64_t samples, std::uint64_t seed) {
  Dataset data;
  data.name = "adding";
  data.x = Tensor(Shape{samples, steps, 2}, DType::f32);
  data.y = Tensor(Shape{samples, 1}, DType::f32);
  const Rng rng(seed, "lab/adding");
  for (std::int64_t n = 0; n < samples; ++n) {
    const Rng own = rng.child(static_cast<std::uint64_t>(n));
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(2 * n * steps),
                                              static_cast<std::size_t>(2 * steps));
    for (std::size_t t = 0; t < x.size() / 2; ++t) x[2 * t] = static_cast<float>(own.uniform(t));
    const std::size_t half = x.size() / 4, rest = x.size() / 2 - half;
    const Rng marks = own.child(1);
    double sum = 0;
    for (const std::size_t t : {marks.below(0, half), half + marks.below(1, rest)}) {
      x[2 * t + 1] = 1;
      sum += x[2 * t];
    }
    data.y.as<float>()[static_cast<std::size_t>(n)] = static_cast<float>(sum);
  }
  return data;
}

/// Mean squared error over that of guessing, tenth by tenth of a training.
Series learn_to_add(std::string name, const std::string& layer, const Settings& settings,
                    const Split& data) {
  TrainConfig config;
  config.network = layer + " > last > dense 1";
  config.loss = "mse";
  config.optimiser.name = "adam";
  config.learning_rate = 0.01;
  config.clip_norm = 1;
  config.batch = 50;
  config.steps = settings.integer("train-steps", 20, 100'000);
  config.seed = settings.seed();
  config.record = "off";
  Trainer trainer(config, data);
  Series series{std::move(name), {}, {}};
  const std::int64_t piece = config.steps / 20;
  double sum = 0;
  while (!trainer.done()) {
    // The loss halves squares, guessing costs 1/6.
    sum += 12 * trainer.step().loss / static_cast<double>(piece);
    if (trainer.step_count() % piece != 0) continue;
    series.x.push_back(static_cast<double>(trainer.step_count()));
    series.y.push_back(std::log10(sum));
    sum = 0;
  }
  return series;
}

void adding_problem(Result& result, const Settings& settings) {
  const std::int64_t distance = settings.integer("distance", 4, 1000);
  const Split data{adding(distance, 4000, settings.seed()), {}};
  const Series rnn = learn_to_add("rnn (tanh)", "rnn 32", settings, data);
  const Series lstm = learn_to_add("lstm, forget bias 1", "lstm 32 forget_bias=1", settings, data);
  const Series gru = learn_to_add("gru", "gru 32", settings, data);
  result.say(fmt::format(
      "Does it matter for learning? The adding problem: of {} numbers two are marked, the answer "
      "is their sum. At the "
      "end the plain recurrence has {} of the error of guessing, the LSTM {}, the GRU {}.",
      distance, format_log10(rnn.y.back()), format_log10(lstm.y.back()),
      format_log10(gru.y.back())));
  if (settings.is_default("distance") && settings.is_default("train-steps")) {
    result.at_least(37, "adding problem, rnn: error over that of guessing",
                    std::pow(10, rnn.y.back()), 0.8, "it has learned nothing");
    result.at_most(37, "adding problem, lstm: error over that of guessing",
                   std::pow(10, lstm.y.back()), 0.1, "Hochreiter and Schmidhuber 1997: solved");
    result.at_most(37, "adding problem, gru: error over that of guessing",
                   std::pow(10, gru.y.back()), 0.1, "solved");
  }
  result.show(Plot{fmt::format("The adding problem over {} steps", distance),
                   "1 is what guessing costs. The gated networks stay there for a while, find the "
                   "marks, and fall.",
                   PlotKind::line,
                   {"training step", false},
                   {"error over guessing", true},
                   {},
                   {rnn, lstm, gru}});
}

Result run(const Settings& settings) {
  Result result;
  at_the_start(result, settings);
  memory(result);
  fixtures(result);
  adding_problem(result, settings);
  clipping(result);
  return result;
}

}  // namespace

Experiment gates_experiment() {
  return {
      "gates",
      "Gates: the gradient through time",
      "A recurrent network is deep in time: each step multiplies the gradient once more. The "
      "tutorial names LSTM and "
      "GRU as a remedy, for their gates. What do they keep, for how long, and what do they not do?",
      {
          {37, "The gates of LSTM and GRU reduce exploding and vanishing gradients.",
           Judgement::inexact,
           "They reduce vanishing, along the cell, and the forget bias sets for how long: with 1 "
           "half is left after 2.2 "
           "steps. They do not prevent explosion; clipping does."},
      },
      {
          {"steps", "100", "length of the sequence"},
          {"width", "32", "hidden units"},
          {"distance", "40", "numbers of the adding problem"},
          {"train-steps", "1500", "of its trainings"},
          {"seed", "1", "of weights and inputs"},
      },
      run};
}

}  // namespace plumb::lab
