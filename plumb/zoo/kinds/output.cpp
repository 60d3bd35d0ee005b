// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of what stands before the loss.
namespace plumb::zoo {

namespace {

/// A sound classifier; with the fault `end` stands behind its logits.
Specimen ended(Draw& draw, bool fault, const char* end) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(24, 64);
  if (draw.coin()) use_adam(s, 0.003);
  s.config.network = chain(s, depth, width, draw.word({"relu", "gelu", "elu"}));
  if (fault) s.config.network += fmt::format(" > {}", end);
  return s;
}
Specimen sigmoid_before_loss(Draw& draw, bool fault) { return ended(draw, fault, "sigmoid"); }
Specimen softmax_before_loss(Draw& draw, bool fault) { return ended(draw, fault, "softmax"); }
Specimen tanh_before_loss(Draw& draw, bool fault) { return ended(draw, fault, "tanh"); }
Specimen hardtanh_before_loss(Draw& draw, bool fault) { return ended(draw, fault, "hardtanh"); }

Specimen relu_before_loss(Draw& draw, bool fault) {
  Specimen s = on_glyphs(draw);
  const int depth = draw.integer(1, 2), width = draw.integer(40, 64);
  use_adam(s, draw.real(0.03, 0.05));
  s.config.network = chain(s, depth, width, "relu") + (fault ? " > relu" : "");
  return s;
}

/// Two classes as the value 0 or 1 of one output.
Specimen two_sigmoids(Draw& draw, bool fault) {
  TableSize size;
  size.n = draw.integer(900, 1500);
  size.in = draw.integer(6, 16);
  size.classes = 2;
  Specimen s = on_table(draw);
  const std::uint64_t seed = draw.seed();
  s.data = hold_out(draw.coin() ? make_curved(size, seed) : make_clusters(size, seed));
  s.config.data = s.data.train.name;
  s.config.loss = "binary_cross_entropy";
  const int depth = draw.integer(1, 3), width = draw.integer(16, 48);
  use_adam(s, 0.003);
  s.config.network =
      fmt::format("{} x [dense {} > relu] > dense 1{}", depth, width, fault ? " > sigmoid" : "");
  return s;
}

/// A regression whose output activation cannot reach its targets, which have mean 0 and
/// deviation 1.
Specimen cannot_reach(Draw& draw, bool fault, const char* end) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  const double factor = draw.real(3, 8);
  use_adam(s, 0.003);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh"}));
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& y : part->y.as<float>()) y = static_cast<float>(y * factor);
  }
  if (fault) s.config.network += fmt::format(" > {}", end);
  return s;
}
Specimen targets_beyond_tanh(Draw& draw, bool fault) { return cannot_reach(draw, fault, "tanh"); }
Specimen targets_beyond_sigmoid(Draw& draw, bool fault) {
  return cannot_reach(draw, fault, "sigmoid");
}
Specimen targets_below_relu(Draw& draw, bool fault) { return cannot_reach(draw, fault, "relu"); }

Specimen no_activation(Draw& draw, bool fault) {
  TableSize size;
  size.n = draw.integer(900, 1500);
  size.in = draw.integer(2, 4);
  Specimen s = on_table(draw);
  const std::uint64_t seed = draw.seed();
  const int depth = draw.integer(2, 4), width = draw.integer(32, 64);
  size.classes = draw.integer(2, 4);
  s.data = hold_out(make_rings(size, seed));
  s.config.data = s.data.train.name;
  use_adam(s, 0.005);
  s.config.network = fault ? fmt::format("{} x [dense {}] > dense {}", depth, width, outputs(s))
                           : chain(s, depth, width, "relu");
  return s;
}

Specimen no_activation_values(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(32, 64);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& y : part->y.as<float>()) y = y * y;
  }
  use_adam(s, 0.005);
  s.config.network = fault ? fmt::format("{} x [dense {}] > dense {}", depth, width, outputs(s))
                           : chain(s, depth, width, "tanh");
  return s;
}

Specimen large_head(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double factor = draw.log(200, 2000);
  s.config.network = chain(s, depth, width, "relu");
  if (draw.coin()) use_adam(s, 0.001);
  s.bad_depth = depth + 1;
  if (fault) {
    s.surgery = [factor](Network& network) { multiply(*linear_weights(network).back(), factor); };
  }
  return s;
}

Specimen large_head_bias(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double bias = draw.log(200, 2000);
  const std::uint64_t seed = draw.seed();
  s.config.network = chain(s, depth, width, "relu");
  use_adam(s, 0.001);
  s.bad_depth = depth + 1;
  if (fault) {
    s.surgery = [bias, seed](Network& network) {
      disturb(*linear_biases(network).back(), bias, seed);
    };
  }
  return s;
}

}  // namespace

std::vector<Kind> output_kinds() {
  using enum Family;
  const Truth logits{{"logits_activation"}, {"output_activation"}, true};
  const Truth range{{"output_range"}, {"output_activation"}, true};
  const Truth linear{{"no_activation"}, {"no_activation"}, true};
  return {
      {"sigmoid_before_loss", output, "a sigmoid before cross_entropy, which takes logits", logits,
       sigmoid_before_loss},
      {"softmax_before_loss", output, "a softmax before cross_entropy, which takes logits", logits,
       softmax_before_loss},
      {"tanh_before_loss", output, "a tanh before cross_entropy, which takes logits", logits,
       tanh_before_loss},
      {"hardtanh_before_loss", output, "a hardtanh before cross_entropy, which takes logits",
       logits, hardtanh_before_loss},
      {"relu_before_loss",
       output,
       "a relu before cross_entropy, which takes logits",
       {{"logits_activation", "zero_gradient", "dead_units"},
        {"output_activation", "zero_derivative", "died_in_training"},
        true},
       relu_before_loss},
      {"two_sigmoids", output, "a sigmoid before binary_cross_entropy, which has one", logits,
       two_sigmoids},
      {"targets_beyond_tanh", output, "targets beyond the reach of the tanh at the end", range,
       targets_beyond_tanh},
      {"targets_beyond_sigmoid", output, "targets beyond the reach of the sigmoid at the end",
       range, targets_beyond_sigmoid},
      {"targets_below_relu", output, "targets below zero and a relu at the end", range,
       targets_below_relu},
      {"no_activation", output,
       "linear layers with nothing between them, where a line is not enough", linear,
       no_activation},
      {"no_activation_values", output, "the same for values", linear, no_activation_values},
      {"large_head",
       output,
       "a last layer whose weights are some hundred times too large",
       {{"output_scale", "exploding_gradient", "odd_layer"},
        {"large_weight", "weight_scale", "odd_weight"},
        true},
       large_head},
      {"large_head_bias",
       output,
       "a last layer whose biases are hundreds",
       {{"output_scale"}, {"large_bias"}, true},
       large_head_bias},
  };
}

}  // namespace plumb::zoo
