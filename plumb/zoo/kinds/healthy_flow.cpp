// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Networks whose gradient arrives: every activation with its start, deep ones with what makes them
// trainable, and starts that look wrong and are not.
namespace plumb::zoo {

namespace {

Specimen plain(Draw& draw, int low, int high, std::string_view body, const char* init) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(low, high), width = draw.integer(24, 64);
  s.config.init = init;
  s.config.network = chain(s, depth, width, body);
  return s;
}

Specimen relu_he(Draw& draw, bool) { return plain(draw, 2, 8, "relu", "he_normal"); }
Specimen leaky_he(Draw& draw, bool) { return plain(draw, 2, 8, "leaky_relu 0.1", "he_uniform"); }
Specimen gelu_he(Draw& draw, bool) { return plain(draw, 2, 5, "gelu", "he_normal"); }
Specimen silu_he(Draw& draw, bool) { return plain(draw, 2, 5, "silu", "he_normal"); }
Specimen mish_he(Draw& draw, bool) { return plain(draw, 2, 5, "mish", "he_normal"); }
Specimen elu_he(Draw& draw, bool) { return plain(draw, 2, 6, "elu", "he_normal"); }
Specimen selu_lecun(Draw& draw, bool) {
  Specimen s = plain(draw, 3, 10, "selu", "lecun_normal");
  use_sgd(s, 0.01);
  return s;
}
Specimen tanh_glorot(Draw& draw, bool) { return plain(draw, 2, 8, "tanh", "glorot_uniform"); }
Specimen tanh_orthogonal(Draw& draw, bool) { return plain(draw, 4, 16, "tanh", "orthogonal"); }
Specimen softsign_glorot(Draw& draw, bool) {
  return plain(draw, 2, 5, "softsign", "glorot_normal");
}
Specimen prelu_he(Draw& draw, bool) { return plain(draw, 2, 6, "prelu", "he_normal"); }
Specimen hardtanh_glorot(Draw& draw, bool) {
  return plain(draw, 2, 5, "hardtanh", "glorot_normal");
}

Specimen sigmoid_shallow(Draw& draw, bool) {
  Specimen s = plain(draw, 1, 2, "sigmoid", "glorot_normal");
  use_adam(s, 0.01);
  return s;
}

Specimen softplus_shallow(Draw& draw, bool) {
  Specimen s = plain(draw, 1, 3, "softplus", "he_normal");
  use_adam(s, 0.003);
  return s;
}

Specimen torch_start_shallow(Draw& draw, bool) {
  Specimen s = plain(draw, 1, 3, draw.word({"relu", "tanh"}), "pytorch");
  s.config.bias_init = "pytorch";
  return s;
}

/// A start that shrinks the gradient, which adam makes good for.
Specimen torch_start_adam(Draw& draw, bool) {
  Specimen s = plain(draw, 5, 8, "relu", "pytorch");
  s.config.bias_init = "pytorch";
  s.config.steps = 400;
  use_adam(s, 0.003);
  return s;
}

Specimen relu_deep_adam(Draw& draw, bool) {
  Specimen s = plain(draw, 10, 14, "relu", "he_normal");
  use_adam(s, 0.001);
  return s;
}

Specimen residual_deep(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(10, 24), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > {1} x res scale={2:.3f} [dense {0} > relu > dense {0}] > dense {3}",
                  width, blocks, 1.0 / blocks, outputs(s));
  use_sgd(s, 0.02);
  return s;
}

Specimen residual_bn(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(8, 16), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > {1} x res[bn > relu > dense {0}] > bn > relu > dense {2}", width,
                  blocks, outputs(s));
  return s;
}

Specimen residual_pre_ln(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(8, 16), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > {1} x res[ln > dense {0} > gelu > dense {0}] > ln > dense {2}",
                  width, blocks, outputs(s));
  use_adam(s, 0.001);
  return s;
}

Specimen rezero_deep(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(12, 30), width = draw.integer(24, 40);
  s.config.network = fmt::format("dense {0} > {1} x res rezero [dense {0} > {2}] > dense {3}",
                                 width, blocks, draw.word({"relu", "tanh"}), outputs(s));
  return s;
}

Specimen highway_deep(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(8, 20), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > tanh > {1} x highway bias=-2 [dense {0} > tanh] > dense {2}", width,
                  blocks, outputs(s));
  s.config.init = "glorot_normal";
  return s;
}

Specimen fixup_deep(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(6, 14), width = draw.integer(24, 40);
  s.config.init = "fixup";
  s.config.network =
      fmt::format("dense {0} > relu > {1} x res[dense {0} > relu > dense {0}] > dense {2}", width,
                  blocks, outputs(s));
  return s;
}

Specimen zero_head(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 5, "relu", "he_normal");
  s.surgery = [](Network& network) { fill(*linear_weights(network).back(), 0); };
  return s;
}

Specimen small_head(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 5, "tanh", "glorot_normal");
  const double factor = draw.real(0.01, 0.1);
  s.surgery = [factor](Network& network) { multiply(*linear_weights(network).back(), factor); };
  return s;
}

Specimen zero_branch_ends(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(5, 12), width = draw.integer(24, 40);
  s.config.network = fmt::format("dense {0} > {1} x res[dense {0} > relu > dense {0}] > dense {2}",
                                 width, blocks, outputs(s));
  use_sgd(s, 0.01);
  s.surgery = [](Network& network) {
    const auto weights = linear_weights(network);
    for (std::size_t i = 2; i + 1 < weights.size(); i += 2) fill(*weights[i], 0);
  };
  return s;
}

/// A single unit through which everything passes: the gradient into it is of rank one, and arrives.
Specimen one_unit_bottleneck(Draw& draw, bool) {
  Specimen s = on_values(draw);
  const int width = draw.integer(24, 48);
  use_adam(s, 0.003);
  s.config.network =
      fmt::format("dense {0} > tanh > dense 1 > dense {0} > tanh > dense {1}", width, outputs(s));
  return s;
}

/// One layer out of line that training puts right in its first steps.
Specimen one_layer_mended(Draw& draw, bool) {
  Specimen s = plain(draw, 3, 5, "relu", "he_normal");
  const int bad = draw.integer(2, 3);
  const double factor = 1 / draw.log(100, 1000);
  use_adam(s, 0.005);
  s.surgery = [bad, factor](Network& network) {
    multiply(*linear_weights(network)[static_cast<std::size_t>(bad - 1)], factor);
  };
  return s;
}

Specimen rank_one_start(Draw& draw, bool) {
  Specimen s = plain(draw, 3, 4, "tanh", "glorot_normal");
  const std::uint64_t seed = draw.seed();
  use_adam(s, 0.005);
  s.surgery = [seed](Network& network) { make_rank_one(*linear_weights(network)[1], seed); };
  return s;
}

Specimen autoencoder(Draw& draw, bool) {
  Specimen s = on_table(draw);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    part->labels.clear();
    part->classes = 0;
    part->y = part->x;
  }
  const int width = draw.integer(32, 48);
  use_adam(s, 0.003);
  s.config.network =
      fmt::format("dense {0} > tanh > dense 4 > dense {0} > tanh > dense {1}", width, outputs(s));
  return s;
}

}  // namespace

std::vector<Kind> healthy_flow_kinds() {
  using enum Family;
  return {
      {"relu_he", flow, "relu with he_normal", {}, relu_he},
      {"leaky_he", flow, "leaky relu with he_uniform", {}, leaky_he},
      {"gelu_he", flow, "a few gelu layers with he_normal", {}, gelu_he},
      {"silu_he", flow, "a few silu layers with he_normal", {}, silu_he},
      {"mish_he", flow, "a few mish layers with he_normal", {}, mish_he},
      {"elu_he", flow, "elu with he_normal", {}, elu_he},
      {"selu_lecun", flow, "selu with lecun_normal", {}, selu_lecun},
      {"tanh_glorot", flow, "tanh with glorot_uniform", {}, tanh_glorot},
      {"tanh_orthogonal",
       flow,
       "tanh with orthogonal weights, up to 16 layers",
       {},
       tanh_orthogonal},
      {"softsign_glorot", flow, "a few softsign layers", {}, softsign_glorot},
      {"prelu_he", flow, "prelu with he_normal", {}, prelu_he},
      {"hardtanh_glorot", flow, "a few hardtanh layers", {}, hardtanh_glorot},
      {"sigmoid_shallow", flow, "one or two sigmoid layers", {}, sigmoid_shallow},
      {"softplus_shallow", flow, "a few softplus layers", {}, softplus_shallow},
      {"torch_start_shallow", flow, "PyTorch's default start, shallow", {}, torch_start_shallow},
      {"torch_start_adam",
       flow,
       "PyTorch's default start, for which adam makes good",
       {},
       torch_start_adam},
      {"relu_deep_adam", flow, "a dozen relu layers with he_normal", {}, relu_deep_adam},
      {"residual_deep",
       flow,
       "deep residual blocks without normalisation, scaled",
       {},
       residual_deep},
      {"residual_bn", flow, "deep residual blocks with bn", {}, residual_bn},
      {"residual_pre_ln", flow, "deep residual blocks with ln in front", {}, residual_pre_ln},
      {"rezero_deep", flow, "residual branches whose scale starts at zero", {}, rezero_deep},
      {"highway_deep", flow, "highways whose gates start nearly shut", {}, highway_deep},
      {"fixup_deep", flow, "residual blocks with fixup", {}, fixup_deep},
      {"zero_head", flow, "a last layer that starts at zero", {}, zero_head},
      {"small_head", flow, "a last layer that starts small", {}, small_head},
      {"zero_branch_ends",
       flow,
       "residual branches whose last weights start at zero",
       {},
       zero_branch_ends},
      {"one_unit_bottleneck",
       flow,
       "one unit through which everything passes",
       {},
       one_unit_bottleneck},
      {"one_layer_mended",
       flow,
       "one layer that starts some hundred times too small, which adam puts right",
       {},
       one_layer_mended},
      {"rank_one_start",
       signal,
       "one layer that starts with a weight of rank one, and learns others",
       {},
       rank_one_start},
      {"autoencoder", flow, "inputs told again through four units", {}, autoencoder},
  };
}

}  // namespace plumb::zoo
