// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "plumb/zoo/kinds/make.h"

// Further networks that learn, near to the faults by which rules were set.
namespace plumb::zoo {

namespace {

Specimen normed(Draw& draw, int low, int high, const std::string& body) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(low, high), width = 8 * draw.integer(3, 7);
  s.config.network = chain(s, depth, width, body);
  return s;
}

Specimen norm_plain(Draw& draw, bool) {
  return normed(draw, 2, 5,
                draw.word({"bn affine=false > relu", "ln affine=false > gelu",
                           "rmsnorm affine=false > silu"}));
}
Specimen norm_any(Draw& draw, bool) {
  Specimen s = normed(draw, 2, 6,
                      draw.word({"ln > tanh", "rmsnorm > relu", "gn 8 > elu", "relu > bn",
                                 "tanh > ln", "gelu > rmsnorm"}));
  if (draw.coin()) use_adam(s, 0.003);
  return s;
}
Specimen norm_disturbed(Draw& draw, bool) {
  Specimen s = normed(draw, 2, 5, draw.word({"bn > relu", "ln > relu", "bn > tanh"}));
  const std::uint64_t seed = draw.seed();
  s.surgery = [seed](Network& network) {
    std::uint64_t i = seed;
    for (Param* param : norm_scales(network)) disturb(*param, 0.3, ++i);
    for (Param* param : norm_shifts(network)) disturb(*param, 0.4, ++i);
  };
  return s;
}
Specimen norm_scale_modest(Draw& draw, bool) {
  Specimen s = normed(draw, 2, 4, draw.word({"bn > relu", "ln > gelu"}));
  const double factor = draw.coin() ? draw.real(2, 3) : draw.real(0.2, 0.5);
  s.surgery = [factor](Network& network) {
    for (Param* param : norm_scales(network)) multiply(*param, factor);
  };
  return s;
}
/// What one layer multiplies by, the normalisation behind it divides by.
Specimen norm_makes_good(Draw& draw, bool) {
  Specimen s = normed(draw, 3, 6, draw.word({"bn > relu", "ln > relu", "bn > tanh"}));
  const double factor = draw.coin() ? draw.log(20, 200) : 1 / draw.log(5, 20);
  const int depth = draw.integer(1, 3);
  s.surgery = [=](Network& network) {
    multiply(*linear_weights(network)[static_cast<std::size_t>(depth - 1)], factor);
  };
  return s;
}
Specimen zero_last_scale(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(3, 8), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > {1} x res[dense {0} > bn > relu > dense {0} > bn] > dense {2}",
                  width, blocks, outputs(s));
  s.surgery = [](Network& network) {
    const auto scales = norm_scales(network);
    for (std::size_t i = 1; i < scales.size(); i += 2) fill(*scales[i], 0);
  };
  return s;
}
Specimen post_norm_shallow(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int blocks = draw.integer(2, 5), width = draw.integer(24, 40);
  s.config.network =
      fmt::format("dense {0} > {1} x [res[dense {0} > gelu > dense {0}] > ln] > dense {2}", width,
                  blocks, outputs(s));
  if (draw.coin()) use_adam(s, 0.001);
  return s;
}
Specimen bn_small_batch(Draw& draw, bool) {
  Specimen s = normed(draw, 2, 3, "bn > relu");
  s.config.batch = draw.integer(12, 16);
  return s;
}
Specimen bn_slow(Draw& draw, bool) {
  Specimen s = normed(draw, 1, 3, "bn momentum=0.02 > relu");
  s.config.steps = 500;
  return s;
}
Specimen bn_input(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(24, 64);
  s.config.network = fmt::format("bn > 2 x [dense {} > relu] > dense {}", width, outputs(s));
  return s;
}
Specimen bn_deep(Draw& draw, bool) {
  Specimen s = normed(draw, 9, 13, draw.word({"bn > relu", "ln > relu", "bn > tanh"}));
  use_adam(s, 0.002);
  return s;
}
Specimen norm_dropout(Draw& draw, bool) { return normed(draw, 2, 3, "bn > relu > dropout 0.2"); }

Specimen lstm_any(Draw& draw, bool) {
  return recalls(draw, true, 6, 12,
                 draw.word({"lstm {} forget_bias=1", "lstm {} forget_bias=2",
                            "lstm {} recurrent=orthogonal forget_bias=1"}),
                 "");
}
Specimen gru_any(Draw& draw, bool) {
  return recalls(draw, true, 5, 9, draw.word({"gru {}", "gru {} recurrent=orthogonal"}), "");
}
Specimen rnn_default(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 3, 6, draw.word({"rnn {}", "rnn {} act=identity"}), "");
  return s;
}
Specimen irnn_short(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 8, 16, "rnn {} irnn", "");
  use_adam(s, 0.002);
  return s;
}
Specimen rnn_linear(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 14, 24, "rnn {} act=identity recurrent=orthogonal", "");
  use_adam(s, 0.002);
  return s;
}
Specimen lstm_wide_window(Draw& draw, bool) {
  return recalls(draw, true, 8, 12, "lstm {} chrono=12 bptt=12", "");
}
/// A reset gate at either end forgets nothing that the update gate keeps.
Specimen gru_reset_shut(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 8, 14, "gru {} chrono=14", "");
  const double bias = draw.real(8, 12) * (draw.coin() ? 1 : -1);
  s.surgery = [bias](Network& network) {
    fill_gate(*named(network, "bias_ih_l0").front(), 0, 3, bias);
  };
  return s;
}
Specimen lstm_gates_open(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 8, 14, "lstm {} chrono=14", "");
  const double bias = draw.real(5, 8);
  s.surgery = [bias](Network& network) {
    fill_gate(*named(network, "bias_ih_l0").front(), 3, 4, bias);
  };
  return s;
}
Specimen stacked_mixed(Draw& draw, bool) {
  Specimen s = on_recall(draw, draw.integer(6, 10));
  s.config.init = "pytorch";
  s.config.network = fmt::format(
      "{} > last > dense {}",
      fmt::format(fmt::runtime(draw.word({"gru {0} chrono=10 > gru {0} chrono=10",
                                          "rnn {0} recurrent=orthogonal > lstm {0} chrono=10",
                                          "lstm {0} chrono=10 > ln"})),
                  draw.integer(16, 24)),
      outputs(s));
  return s;
}
Specimen lstm_both_ways(Draw& draw, bool) {
  return recalls(draw, true, 6, 10, "lstm {} bidirectional forget_bias=1", "");
}

Specimen plain(Draw& draw, int low, int high, const std::string& body, const std::string& init) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(low, high), width = draw.integer(24, 64);
  s.config.init = init;
  s.config.network = chain(s, depth, width, body);
  return s;
}
Specimen other_activations(Draw& draw, bool) {
  return plain(draw, 2, 4, draw.word({"relu6", "hardswish", "celu", "leaky_relu 0.3"}),
               "he_normal");
}
Specimen biases_disturbed(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 5, draw.word({"relu", "tanh", "gelu"}), "he_normal");
  if (s.config.network.find("tanh") != std::string::npos) s.config.init = "glorot_normal";
  const std::uint64_t seed = draw.seed();
  s.surgery = [seed](Network& network) {
    std::uint64_t i = seed;
    for (Param* param : linear_biases(network)) disturb(*param, 0.5, ++i);
  };
  return s;
}
Specimen biases_below(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 3, draw.word({"gelu", "silu", "relu"}), "he_normal");
  s.config.bias_init = fmt::format("constant:{:.2f}", -draw.real(0.2, 0.5));
  return s;
}
Specimen orthogonal_relu(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 4, "relu", "orthogonal");
  s.config.gain = 1.4142;
  return s;
}
Specimen relu_deep_sgd(Draw& draw, bool) {
  Specimen s = plain(draw, 9, 12, draw.word({"relu", "leaky_relu 0.1"}), "he_normal");
  use_sgd(s, 0.02);
  return s;
}
Specimen torch_start_any(Draw& draw, bool) {
  Specimen s = plain(draw, 4, 6, draw.word({"relu", "tanh", "gelu"}), "pytorch");
  s.config.bias_init = "pytorch";
  s.config.steps = 400;
  use_adam(s, 0.003);
  if (draw.coin()) s.config.optimiser.name = "adamw";
  return s;
}
Specimen tanh_large_gain(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 4, "tanh", "glorot_normal");
  s.config.gain = draw.real(1.3, 1.8);
  return s;
}

/// Its candidates end in their flat ends, which is how it remembers.
Specimen lstm_long_memory(Draw& draw, bool) {
  Specimen s = recalls(draw, true, 60, 80, "lstm {} chrono=80", "");
  s.config.steps = 300;
  use_adam(s, 0.005);
  return s;
}
/// As much is added up, at a rate that is as much smaller.
Specimen momentum_long_small_rate(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 3, draw.word({"relu", "tanh", "bn > relu"}), "he_normal");
  s.config.steps = 600;
  use_sgd(s, draw.log(0.001, 0.003), 0.99);
  return s;
}
/// A column that says the same as each, among others.
Specimen columns_twice(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 3, "relu", "he_normal");
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    const std::int64_t rows = part->size(), width = part->x.shape().row_size();
    Tensor twice({rows, 2 * width}, DType::f32);
    const auto from = part->x.as<float>(), to = twice.as<float>();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < 2 * width; ++c) {
        to[static_cast<std::size_t>(2 * r * width + c)] =
            from[static_cast<std::size_t>(r * width + c % width)];
      }
    }
    part->x = std::move(twice);
  }
  return s;
}
/// The order of the data, which tells nothing of the targets.
Specimen not_shuffled(Draw& draw, bool) {
  Specimen s = plain(draw, 2, 3, draw.word({"relu", "tanh"}), "he_normal");
  s.config.shuffle = false;
  return s;
}

}  // namespace

std::vector<Kind> more_healthy_kinds() {
  using enum Family;
  return {
      {"norm_plain", norm, "normalisations without scale and shift", {}, norm_plain},
      {"norm_any", norm, "normalisations of every sort, in front and behind", {}, norm_any},
      {"norm_disturbed", norm, "scales and shifts that start scattered", {}, norm_disturbed},
      {"norm_scale_modest", norm, "scales of a third, or of three", {}, norm_scale_modest},
      {"norm_makes_good",
       norm,
       "one layer out of line in front of a normalisation",
       {},
       norm_makes_good},
      {"zero_last_scale", norm, "residual branches whose last scale is zero", {}, zero_last_scale},
      {"post_norm_shallow",
       norm,
       "a few residual blocks, normalised behind the sum",
       {},
       post_norm_shallow},
      {"bn_small_batch", norm, "bn over a dozen samples", {}, bn_small_batch},
      {"bn_slow", norm, "running statistics that are slow, for long enough", {}, bn_slow},
      {"bn_input", norm, "bn on the inputs alone", {}, bn_input},
      {"bn_deep", norm, "a dozen normalised layers", {}, bn_deep},
      {"norm_dropout", norm, "bn and dropout", {}, norm_dropout},
      {"lstm_any", time, "lstm with forget gates that start open", {}, lstm_any},
      {"gru_any", time, "gru as it starts by default", {}, gru_any},
      {"rnn_default",
       time,
       "plain cells as they start by default, over a few steps",
       {},
       rnn_default},
      {"irnn_short", time, "relu cells that start as the identity", {}, irnn_short},
      {"rnn_linear", time, "linear cells with an orthogonal recurrence", {}, rnn_linear},
      {"lstm_wide_window", time, "a window as long as the sequence", {}, lstm_wide_window},
      {"gru_reset_shut", time, "reset gates at one end", {}, gru_reset_shut},
      {"lstm_gates_open", time, "output gates that start open", {}, lstm_gates_open},
      {"stacked_mixed", time, "stacked cells of two sorts", {}, stacked_mixed},
      {"lstm_both_ways", time, "lstm in both directions", {}, lstm_both_ways},
      {"lstm_long_memory", time, "candidates that learned to decide", {}, lstm_long_memory},
      {"momentum_long_small_rate",
       trainer,
       "a momentum of 0.99 at a small rate",
       {},
       momentum_long_small_rate},
      {"columns_twice", data, "every column twice", {}, columns_twice},
      {"not_shuffled", data, "samples in the order of the data, which is none", {}, not_shuffled},
      {"other_activations", flow, "relu6, hardswish, celu and leaky layers", {}, other_activations},
      {"biases_disturbed", signal, "biases that start scattered", {}, biases_disturbed},
      {"biases_below", signal, "biases that start a little below zero", {}, biases_below},
      {"orthogonal_relu", flow, "relu layers with orthogonal weights", {}, orthogonal_relu},
      {"relu_deep_sgd", flow, "ten relu layers by sgd", {}, relu_deep_sgd},
      {"torch_start_any", flow, "PyTorch's default start, by adam or adamw", {}, torch_start_any},
      {"tanh_large_gain", flow, "tanh with a gain of one and a half", {}, tanh_large_gain},
  };
}

}  // namespace plumb::zoo
