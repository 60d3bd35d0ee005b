// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/rng.h"
#include "plumb/lab/bench_network.h"
#include "plumb/lab/experiments/experiments.h"
#include "plumb/lab/short_training.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/residual.h"

namespace plumb::lab {

namespace {

using Vector = std::vector<double>;

void fill_normal(std::span<double> values, const Rng& rng) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = rng.normal(i);
}

/// |dJ/d output of block l|^2 relative to the top, mean over networks; x + a W2 relu(W1 x) with
/// Var W1 = 2/n, Var W2 = 1/n.
Vector block_gradients(double a, std::int64_t blocks, std::int64_t width, int nets,
                       std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(blocks);
  Vector mean(count + 1, 0.0);
  for (int n = 0; n < nets; ++n) {
    const std::uint64_t own = seed + 1000 * static_cast<std::uint64_t>(n);
    BenchNetwork net(repeat(blocks, fmt::format("res scale={0} [dense {1} bias=false > relu > "
                                                "dense {1} bias=false]",
                                                a, width)),
                     width, 4, "he_normal", 1, own);
    for (std::size_t i = 1; i < net.param_count(); i += 2) {
      for (double& w : net.param(i)) w *= std::sqrt(0.5);
    }
    fill_normal(net.input(), Rng(own, "lab/x"));
    Vector top(net.input().size());
    fill_normal(top, Rng(own, "lab/top"));
    net.forward();
    net.backward(top);
    std::vector<double> at;  // log2 norms of the gradient above each block, from the input up
    at.push_back(net.log2_input_gradient_norm());
    for (const Observed& seen : net.observed()) {
      if (seen.kind == "res") at.push_back(seen.log2_gradient_norm);
    }
    for (std::size_t l = 0; l <= count; ++l) mean[l] += std::exp2(2 * (at[l] - at.back())) / nets;
  }
  return mean;
}

void growth_law(Result& result, const Settings& settings) {
  const std::int64_t blocks = settings.integer("blocks", 2, 200),
                     width = settings.integer("width", 8, 500);
  const int nets = static_cast<int>(settings.integer("networks", 2, 1000));
  Plot plot{
      "Gradient through residual blocks, relative to the last",
      "Dashed: (1 + a^2)^(blocks above), exact at any width. With a = 1/sqrt(blocks) the whole "
      "depth costs a factor of about e of the square.",
      PlotKind::line,
      {"block", false},
      {"norm of dJ/dx", true},
      {},
      {}};
  const double root = 1 / std::sqrt(static_cast<double>(blocks));
  for (const double a : {1.0, 0.5, root}) {
    const Vector mean = block_gradients(a, blocks, width, nets, settings.seed());
    Series measured{fmt::format("a = {:.3g}", a), {}, {}}, law{"", {}, {}, SeriesStyle::dashed};
    for (std::size_t l = 0; l < mean.size(); ++l) {
      const auto above = static_cast<double>(mean.size() - 1 - l);
      measured.x.push_back(static_cast<double>(l));
      measured.y.push_back(0.5 * std::log10(mean[l]));
      law.x.push_back(static_cast<double>(l));
      law.y.push_back(0.5 * std::log10(theory::residual_growth(a, above)));
    }
    // A product of `blocks` factors with relative variance of about 5 a^4 / width each; the mean
    // of the networks scatters by its root over sqrt(networks).
    const double spread =
        std::sqrt(std::expm1(5 * a * a / (1 + a * a) * static_cast<double>(blocks) /
                             static_cast<double>(width)) /
                  nets);
    result.within(38,
                  fmt::format("log10 of the squared gradient through all blocks, a = {:.3g}", a),
                  std::log10(mean.front()),
                  std::log10(theory::residual_growth(a, static_cast<double>(blocks))),
                  0.02 + 5 * spread / std::log(10.0), "(1 + a^2)^L");
    plot.series.push_back(std::move(measured));
    plot.series.push_back(std::move(law));
  }
  result.show(std::move(plot));
}

void rezero(Result& result, const Settings& settings) {
  BenchNetwork net("res rezero [dense 16 > tanh > dense 16]", 16, 5, "he_normal", 1,
                   settings.seed());
  fill_normal(net.input(), Rng(settings.seed(), "lab/x"));
  Vector top(net.input().size());
  fill_normal(top, Rng(settings.seed(), "lab/top"));
  net.forward();
  net.backward(top);
  double weights = 0, scalar = 0;
  for (std::size_t i = 0; i < net.param_count(); ++i) {
    double size = 0;
    for (const double g : net.gradient(i)) size += std::abs(g);
    (net.param(i).size() == 1 ? scalar : weights) += size;
  }
  double norm = 0;
  for (const double g : top) norm += g * g;
  const double difference = std::exp2(net.log2_input_gradient_norm()) / std::sqrt(norm) - 1;
  result.say(
      "ReZero multiplies the branch by a learned number that starts at 0. The block is then the "
      "identity, in both directions, bit for bit; at first only that one number has a gradient, "
      "and "
      "opens the branch.");
  result.near(38, "ReZero at 0: gradient below the block over above, minus 1", difference, 0, 1e-14,
              "the identity");
  result.near(38, "ReZero at 0: gradients of the branch's weights", weights, 0, 0, "exactly 0");
  result.at_least(38, "ReZero at 0: gradient of its number", scalar, 1e-6, "it can open");
}

void degradation(Result& result, const Settings& settings) {
  const Split data =
      load_split("glyphs", {settings.integer("images", 20, 100'000), 0, false, settings.seed()});
  Table table{
      "Plain and residual, with batch normalisation",
      {"network", "layers", "reach at the start", "reach at the end", "training loss", "accuracy"},
      {}};
  const std::int64_t steps = settings.integer("steps", 2, 100'000);
  const auto train = [&](const char* name, const std::string& body, std::int64_t layers) {
    TrainConfig config =
        short_config(fmt::format("flatten > dense 32 bias=false > bn > relu > {} > dense 10", body),
                     "he_normal", settings.number("lr", 1e-5, 10), steps, settings.seed());
    config.clip_norm = 0;  // as in the paper
    const Outcome outcome = train_briefly(config, data);
    table.rows.push_back({name, std::to_string(layers), format_log2(outcome.log2_reach_at_start),
                          format_log2(outcome.log2_reach_at_end), number(outcome.late_loss, 3),
                          format_percent(outcome.late_accuracy)});
    return outcome;
  };
  const char* const block = "dense 32 bias=false > bn > relu";
  const Outcome shallow = train("plain", repeat(18, block), 20);
  const Outcome deep = train("plain", repeat(54, block), 56);
  const std::string branch =
      "res [dense 32 bias=false > bn > relu > dense 32 bias=false > bn] > relu";
  const Outcome residual = train("residual", repeat(27, branch), 56);
  result.show(std::move(table));
  result.say(
      "Do residual networks solve vanishing gradients? Their paper says no: plain networks with "
      "batch normalisation have healthy gradients and still train worse the deeper they are; it "
      "calls that degradation, and conjectures exponentially slow convergence. Here too: at the "
      "start, when it is to begin to learn, the gradients of the plain network of 56 layers grow "
      "towards the input and do not vanish, and yet its training loss ends above that of the one "
      "of 20; with shortcuts the depth does no harm. What reaches the first layer at the end is "
      "another matter: the table has it beside, and it is a result of training, not what kept the "
      "network from it. That shortcuts also carry the gradient is the argument of the 2016 "
      "follow-up.");
  // 54 blocks lie between the first and the last layer with weights but one.
  result.within(38, "plain, 56 layers: growth of dJ/dz for one layer at the start",
                std::exp2(deep.log2_reach_at_start / 55), 1.2295, 0.03,
                "relu and batch normalisation over 32 samples: 1.2295 by Monte Carlo, sqrt(pi / "
                "(pi - 1)) = 1.2112 of large batches (Yang et al. 2019)");
  result.at_least(38, "plain: training loss of 56 layers minus 20",
                  deep.late_loss - shallow.late_loss, 0.1,
                  "He et al. 2015, figure 6: higher training error when going deeper");
  result.at_least(38, "training loss of plain 56 minus residual 56",
                  deep.late_loss - residual.late_loss, 0.1, "He et al. 2015, figure 6");
}

Result run(const Settings& settings) {
  Result result;
  growth_law(result, settings);
  rezero(result, settings);
  degradation(result, settings);
  return result;
}

}  // namespace

Experiment residual_experiment() {
  return {
      "residual",
      "Residual networks, and what they really cure",
      "The tutorial ends where residual networks begin: they are to solve this problem. What do "
      "shortcuts do to the gradient, and what did their inventors say?",
      {
          {38, "ResNets solve the problem of vanishing gradients.", Judgement::wrong,
           "They cure degradation, which their paper holds unlikely to be caused by vanishing "
           "gradients."},
      },
      {
          {"blocks", "20", "residual blocks of the growth law"},
          {"width", "64", "units of each"},
          {"networks", "40", "networks of each kind"},
          {"images", "1000", "for the trainings"},
          {"steps", "500", "of a training"},
          {"lr", "0.01", "learning rate"},
          {"seed", "1", "of weights and order"},
      },
      run};
}

}  // namespace plumb::lab
