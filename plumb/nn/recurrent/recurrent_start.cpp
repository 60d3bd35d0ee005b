// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/recurrent/recurrent_start.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

/// Rows of the parameter that belong to gate g, filled by value(unit).
template <class Value>
void fill_gate(Param& param, int gate, std::int64_t hidden, const Value& value) {
  dispatch(param.value.dtype(), [&]<class T>(T) {
    const auto rows = param.value.as<T>().subspan(static_cast<std::size_t>(gate * hidden),
                                                  static_cast<std::size_t>(hidden));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<T>(value(i));
  });
}

/// Each gate's [hidden, hidden] part by a scheme, as if it were a parameter of its own.
void fill_by_gates(Param& param, const InitScheme& scheme, int gates, std::int64_t hidden,
                   const Rng& rng) {
  Param part(param.name, Shape{hidden, hidden}, param.value.dtype(), hidden, hidden);
  for (int g = 0; g < gates; ++g) {
    initialise(part, scheme, rng.child(static_cast<std::uint64_t>(g)));
    dispatch(param.value.dtype(), [&]<class T>(T) {
      std::ranges::copy(part.value.as<T>(), param.value.as<T>().begin() + g * hidden * hidden);
    });
  }
}

double zero(std::size_t) { return 0; }

class Starter {
 public:
  Starter(const LayerRequest& request, Recurrent& layer, const RecurrentStart& start)
      : request_(request), start_(start), layer_(layer), hidden_(layer.options().hidden) {}

  void run() {
    InitScheme usual = parse_init("uniform:1");
    usual.value = 1 / std::sqrt(static_cast<double>(hidden_));
    for (Param& param : layer_.params()) initialise(param, usual, rng(param));
    const std::size_t count =
        layer_.params().size() / static_cast<std::size_t>(layer_.direction_count());
    for (std::size_t first = 0; first < layer_.params().size(); first += count) {
      start_direction(layer_.params().subspan(first, count));
    }
  }

 private:
  Rng rng(const Param& param) const {
    return Rng(request_.seed, "init/" + request_.path + "." + param.name);
  }

  void start_direction(std::span<Param> params) {
    if (start_.input_deviation) {
      InitScheme normal = parse_init("normal:1");
      normal.value = *start_.input_deviation;
      initialise(params[0], normal, rng(params[0]));
    }
    if (start_.recurrent) {
      fill_by_gates(params[1], *start_.recurrent, layer_.gate_count(), hidden_, rng(params[1]));
    }
    if (params.size() < 4) return;
    if (start_.zero_bias) {
      for (Param& bias : params.subspan(2)) bias.value.fill_zero();
    }
    const bool lstm = layer_.options().kind == RecurrentKind::lstm;
    if (start_.forget_bias) {
      fill_gate(params[2], 1, hidden_, [&](std::size_t) { return *start_.forget_bias; });
      fill_gate(params[3], 1, hidden_, zero);
    }
    if (!start_.chrono) return;
    const Rng draw = rng(params[2]).child(1);
    const auto log_time = [&](std::size_t i) {
      return std::log(draw.uniform(i, 1, *start_.chrono - 1));
    };
    fill_gate(params[2], 1, hidden_, log_time);  // lstm: forget; gru: update, which keeps
    fill_gate(params[3], 1, hidden_, zero);
    if (!lstm) return;
    fill_gate(params[2], 0, hidden_, [&](std::size_t i) { return -log_time(i); });
    fill_gate(params[3], 0, hidden_, zero);
  }

  const LayerRequest& request_;
  const RecurrentStart& start_;
  Recurrent& layer_;
  std::int64_t hidden_;
};

std::optional<double> optional_number(SpecArguments& arguments, std::string_view key) {
  const double value = arguments.number(key, std::numeric_limits<double>::quiet_NaN());
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

RecurrentStartFacts facts_of(const RecurrentStart& start) {
  RecurrentStartFacts facts;
  if (start.recurrent) {
    facts.orthogonal = start.recurrent->name == "orthogonal";
    facts.identity = start.recurrent->name == "identity";
    if (start.recurrent->gain != 1) facts.gain = start.recurrent->gain;
  }
  facts.forget_bias = start.forget_bias;
  facts.memory_steps = start.chrono ? std::llround(*start.chrono) : 0;
  return facts;
}

}  // namespace

RecurrentOptions read_recurrent_options(LayerRequest& request, RecurrentKind kind) {
  RecurrentOptions options;
  options.kind = kind;
  options.hidden = request.arguments.positive_integer(0, "the number of hidden units");
  options.bias = request.arguments.boolean("bias", true);
  options.bidirectional = request.arguments.boolean("bidirectional", false);
  options.bptt = request.arguments.integer("bptt", 0, 0);
  if (request.x.rank() != 3) {
    throw ShapeError("x has shape " + request.x.row_shape().to_string() +
                     " a sample, expected [steps, features]");
  }
  options.in = request.x[2];
  return options;
}

RecurrentStart read_recurrent_start(LayerRequest& request, RecurrentKind kind) {
  SpecArguments& arguments = request.arguments;
  RecurrentStart start;
  const auto scheme = arguments.word("recurrent", {});
  const double gain = arguments.number("gain", 1);
  if (scheme) start.recurrent = parse_init(*scheme, gain);
  if (!scheme && gain != 1) {
    arguments.fail(
        "gain is given without recurrent, expected recurrent=orthogonal or another "
        "initialiser with it");
  }
  start.zero_bias = arguments.boolean("zero_bias", false);
  if (kind == RecurrentKind::lstm) start.forget_bias = optional_number(arguments, "forget_bias");
  if (kind != RecurrentKind::rnn) start.chrono = optional_number(arguments, "chrono");
  if (start.forget_bias && start.chrono) {
    arguments.fail("forget_bias and chrono are both given, expected one of them");
  }
  if (start.chrono && !(*start.chrono > 2)) arguments.fail("chrono: expected a time above 2");
  return start;
}

std::unique_ptr<Layer> make_recurrent(const LayerRequest& request, const RecurrentOptions& options,
                                      const RecurrentStart& start) {
  RecurrentOptions with_facts = options;
  with_facts.start = facts_of(start);
  auto layer = std::make_unique<Recurrent>(with_facts, request.dtype, request.path);
  Starter(request, *layer, start).run();
  return layer;
}

std::unique_ptr<Layer> make_lstm(LayerRequest& request) {
  const auto options = read_recurrent_options(request, RecurrentKind::lstm);
  const auto start = read_recurrent_start(request, RecurrentKind::lstm);
  request.arguments.done();
  return make_recurrent(request, options, start);
}

std::unique_ptr<Layer> make_gru(LayerRequest& request) {
  const auto options = read_recurrent_options(request, RecurrentKind::gru);
  const auto start = read_recurrent_start(request, RecurrentKind::gru);
  request.arguments.done();
  return make_recurrent(request, options, start);
}

std::unique_ptr<Layer> make_rnn(LayerRequest& request) {
  auto options = read_recurrent_options(request, RecurrentKind::rnn);
  auto start = read_recurrent_start(request, RecurrentKind::rnn);
  const std::string act =
      request.arguments.word("act", {"tanh", "relu", "sigmoid", "identity"}).value_or("tanh");
  if (act == "relu") options.activation = RnnActivation::relu;
  if (act == "sigmoid") options.activation = RnnActivation::sigmoid;
  if (act == "identity") options.activation = RnnActivation::identity;
  if (request.arguments.boolean("irnn", false)) {
    options.activation = RnnActivation::relu;
    start.recurrent = parse_init("identity");
    start.input_deviation = 0.001;
    start.zero_bias = true;
  }
  request.arguments.done();
  return make_recurrent(request, options, start);
}

}  // namespace plumb
