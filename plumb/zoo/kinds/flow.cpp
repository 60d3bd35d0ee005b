// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of the gradient's way through the depth.
namespace plumb::zoo {

namespace {

Specimen sigmoid_depth(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(7, 22), width = draw.integer(24, 56);
  s.config.init = draw.word({"glorot_normal", "glorot_uniform", "lecun_normal"});
  s.config.network = chain(s, depth, width, fault ? "sigmoid" : "tanh");
  return s;
}

Specimen sigmoid_depth_adam(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(14, 26), width = draw.integer(24, 48);
  s.config.init = draw.word({"glorot_normal", "he_normal"});
  use_adam(s, 0.001);
  if (!fault) s.config.init = "glorot_normal";
  s.config.network = chain(s, depth, width, fault ? "sigmoid" : "tanh");
  return s;
}

Specimen small_weights(Draw& draw, bool fault, const char* body, const char* init) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(8, 20), width = draw.integer(24, 56);
  const double gain = draw.real(0.35, 0.6);
  s.config.init = init;
  s.config.gain = fault ? gain : 1;
  use_sgd(s, 0.02);
  s.config.network = chain(s, depth, width, body);
  return s;
}
Specimen small_weights_relu(Draw& draw, bool fault) {
  return small_weights(draw, fault, "relu", "he_normal");
}
Specimen small_weights_tanh(Draw& draw, bool fault) {
  return small_weights(draw, fault, "tanh", "glorot_uniform");
}

Specimen torch_start_relu(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(9, 20), width = draw.integer(24, 64);
  use_sgd(s, 0.01);
  if (fault) s.config.init = s.config.bias_init = "pytorch";
  s.config.network = chain(s, depth, width, draw.word({"relu", "leaky_relu 0.01"}));
  return s;
}

Specimen tiny_normal_start(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(4, 9), width = draw.integer(24, 64);
  const double deviation = draw.log(0.005, 0.03);
  if (fault) s.config.init = fmt::format("normal:{:.4f}", deviation);
  s.config.network = chain(s, depth, width, draw.word({"relu", "silu", "gelu"}));
  return s;
}

Specimen gelu_depth(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(24, 32), width = draw.integer(24, 40);
  const std::string body = draw.word({"gelu", "silu"});
  use_sgd(s, 0.01);
  if (fault) {
    s.config.network = chain(s, depth, width, body);
  } else {
    s.config.network =
        fmt::format("dense {0} > {1} > {2} x res rezero [dense {0} > {1}] > dense {3}", width, body,
                    depth - 1, outputs(s));
  }
  return s;
}

Specimen softsign_depth(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(12, 24), width = draw.integer(24, 48);
  s.config.init = "pytorch";
  if (!fault) s.config.init = "glorot_normal";
  s.config.network = chain(s, depth, width, fault ? "softsign" : "tanh");
  return s;
}

Specimen large_weights_relu(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(8, 18), width = draw.integer(24, 56);
  const double gain = draw.real(1.6, 2.6);
  use_sgd(s, 0.01);
  if (fault) s.config.gain = gain;
  s.config.network = chain(s, depth, width, "relu");
  return s;
}

Specimen large_weights_leaky(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(8, 18), width = draw.integer(24, 56);
  const double deviation = draw.real(0.5, 1);
  use_adam(s, 0.001);
  if (fault) s.config.init = fmt::format("normal:{:.3f}", deviation);
  s.config.network = chain(s, depth, width, "leaky_relu 0.1");
  return s;
}

Specimen large_weights_selu(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(8, 16), width = draw.integer(24, 48);
  const double gain = draw.real(2, 3);
  s.config.init = "lecun_normal";
  use_sgd(s, 0.02);
  if (fault) s.config.gain = gain;
  s.config.network = chain(s, depth, width, draw.word({"selu", "elu"}));
  return s;
}

Specimen chaotic_tanh(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(14, 24), width = draw.integer(32, 56);
  const double gain = draw.real(2.5, 4);
  s.config.init = "lecun_normal";
  if (fault) s.config.gain = gain;
  s.config.network = chain(s, depth, width, "tanh");
  return s;
}

Specimen residual_explodes(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(16, 30), width = draw.integer(24, 40);
  const double scale = draw.real(1.5, 3);
  use_sgd(s, 0.02);
  s.config.network =
      fmt::format("dense {0} > {1} x res scale={2:.3f} [dense {0} > relu > dense {0}] > dense {3}",
                  width, blocks, fault ? scale : 0.5 / blocks, outputs(s));
  return s;
}

/// One layer of a chain out of line with its like.
Specimen one_layer(Draw& draw, bool fault, const char* body, const char* init, double factor) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(5, 10), width = draw.integer(32, 64);
  const int bad = draw.integer(2, depth - 1);
  s.config.init = init;
  s.config.steps = 200;
  use_sgd(s, 0.02, 0);
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, factor](Network& network) {
      multiply(*linear_weights(network)[static_cast<std::size_t>(bad - 1)], factor);
    };
  }
  return s;
}
Specimen one_layer_large(Draw& draw, bool fault) {
  const double factor = draw.log(30, 500);
  Specimen s = one_layer(draw, fault, "relu", "he_normal", factor);
  if (draw.coin()) use_adam(s, 0.001);
  return s;
}

Specimen one_layer_zero(Draw& draw, bool fault) {
  const double factor = 0;
  return one_layer(draw, fault, "relu", "he_normal", factor);
}

}  // namespace

std::vector<Kind> flow_kinds() {
  using enum Family;
  return {
      {"sigmoid_depth",
       flow,
       "a deep chain of sigmoids, whose slope is at most a quarter",
       {{"vanishing_gradient"}, {"activation_derivative"}, true},
       sigmoid_depth},
      {"sigmoid_depth_adam",
       flow,
       "the same, deeper, trained by adam",
       {{"vanishing_gradient"}, {"activation_derivative"}, true},
       sigmoid_depth_adam},
      {"small_weights_relu",
       flow,
       "relu layers started well below he_normal",
       {{"vanishing_gradient"}, {"weight_scale"}, true},
       small_weights_relu},
      {"small_weights_tanh",
       flow,
       "tanh layers started well below glorot_uniform",
       {{"vanishing_gradient"}, {"weight_scale"}, true},
       small_weights_tanh},
      {"torch_start_relu",
       flow,
       "deep relu layers with PyTorch's default start",
       {{"vanishing_gradient"}, {"weight_scale"}, true},
       torch_start_relu},
      {"tiny_normal_start",
       flow,
       "weights of one small deviation, whatever the width",
       {{"vanishing_gradient"}, {"weight_scale"}, true},
       tiny_normal_start},
      {"gelu_depth",
       flow,
       "deep gelu or silu layers with he_normal, below their critical gain",
       {{"vanishing_gradient"},
        {"weight_scale", "activation_derivative", "weights_and_derivatives"},
        true},
       gelu_depth},
      {"softsign_depth",
       flow,
       "deep softsign layers with PyTorch's default start",
       {{"vanishing_gradient"}, {"weight_scale", "weights_and_derivatives"}, true},
       softsign_depth},
      {"large_weights_relu",
       flow,
       "relu layers started well above he_normal",
       {{"exploding_gradient"}, {"weight_scale"}, true},
       large_weights_relu},
      {"large_weights_leaky",
       flow,
       "leaky relu layers with weights of deviation near 1",
       {{"exploding_gradient"}, {"weight_scale"}, true},
       large_weights_leaky},
      {"large_weights_selu",
       flow,
       "selu or elu layers started far above lecun_normal",
       {{"exploding_gradient"}, {"weight_scale"}, true},
       large_weights_selu},
      {"chaotic_tanh",
       flow,
       "deep tanh layers with a gain of three: chaos",
       {{"exploding_gradient", "saturated_activation"}, {"weight_scale", "large_weight"}, true},
       chaotic_tanh},
      {"residual_explodes",
       flow,
       "residual blocks without normalisation whose branches are too strong",
       {{"exploding_gradient"}, {"residual_branch", "weight_scale"}, true},
       residual_explodes},
      {"one_layer_large",
       flow,
       "one relu layer with weights some hundred times too large",
       {{"exploding_gradient", "odd_layer"}, {"odd_weight", "weight_scale"}, true},
       one_layer_large},
      {"one_layer_zero",
       flow,
       "one relu layer whose weights are all zero",
       {{"vanishing_gradient", "symmetric_units", "dead_units", "odd_layer"},
        {"zero_weight", "zero_rows", "silent_from_start", "odd_weight"},
        true},
       one_layer_zero},
  };
}

}  // namespace plumb::zoo
