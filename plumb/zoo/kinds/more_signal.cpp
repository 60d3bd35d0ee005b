// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Further faults of what the layers pass on, by which rules were set.
namespace plumb::zoo {

namespace {

Specimen bn_relu_chain(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(25, 30), width = draw.integer(24, 40);
  s.config.steps = 200;
  const std::string body = draw.word({"bn > relu", "bn > leaky_relu 0.1"});
  if (fault) {
    s.config.network = chain(s, depth, width, body);
  } else {
    s.config.network =
        fmt::format("dense {0} > {1} > {2} x res scale=0.1 [dense {0} > {1}] > dense {3}", width,
                    body, depth - 1, outputs(s));
  }
  return s;
}

Specimen leaky_collapse(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(40, 50), width = draw.integer(20, 28);
  const std::string body = draw.word({"leaky_relu 0.01", "relu", "prelu 0.05"});
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

/// One layer of a chain whose biases are moved.
Specimen biased(Draw& draw, bool fault, const std::string& body, const char* init, double bias) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 5), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  s.config.init = init;
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, bias](Network& network) {
      fill(*linear_biases(network)[static_cast<std::size_t>(bad - 1)], bias);
    };
  }
  return s;
}
Specimen relu6_full(Draw& draw, bool fault) {
  return biased(draw, fault, "relu6", "he_normal", draw.real(14, 24));
}
Specimen hardtanh_stuck(Draw& draw, bool fault) {
  return biased(draw, fault, "hardtanh", "glorot_normal", draw.real(6, 12));
}
Specimen sigmoid_stuck(Draw& draw, bool fault) {
  Specimen s = biased(draw, fault, "sigmoid", "glorot_normal", draw.real(10, 16));
  s.config.network = chain(s, s.bad_depth, 32, "sigmoid");
  if (s.bad_depth > 3) s.config.network = chain(s, s.bad_depth, 32, "tanh");
  use_adam(s, 0.003);
  return s;
}

Specimen closed_everywhere(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double bias = -draw.real(6, 10);
  s.config.network = chain(s, depth, width, draw.word({"gelu", "silu", "mish"}));
  if (fault) s.config.bias_init = fmt::format("constant:{:.3f}", bias);
  return s;
}

/// Behind a relu nothing is negative: weights without a positive sign keep every unit silent.
Specimen negative_weights(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 5), width = draw.integer(24, 64);
  const int bad = draw.integer(2, depth);
  s.config.network = chain(s, depth, width, "relu");
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad](Network& network) {
      for (float& w :
           linear_weights(network)[static_cast<std::size_t>(bad - 1)]->value.as<float>()) {
        w = w > 0 ? -w : w;
      }
    };
  }
  return s;
}

Specimen sigmoid_large(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(24, 64);
  const double gain = draw.log(60, 200);
  s.config.init = "glorot_normal";
  if (fault) s.config.gain = gain;
  use_sgd(s, 0.02);
  if (!fault) use_adam(s, 0.005);
  s.config.network = chain(s, depth, width, "sigmoid");
  return s;
}

Specimen equal_start_adam(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(16, 64);
  const double value = draw.log(0.01, 0.1);
  use_adam(s, 0.003);
  if (fault) s.config.init = fmt::format("constant:{:.4f}", value);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh", "gelu"}));
  return s;
}

Specimen dropout_first(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int width = draw.integer(24, 48);
  const double rate = draw.real(0.93, 0.98);
  use_adam(s, 0.003);
  s.config.network = fmt::format(
      "dense {0} > relu > dropout {1:.3f} > dense {0} > relu > dropout {1:.3f} > dense {2}", width,
      fault ? rate : 0.05, outputs(s));
  return s;
}

}  // namespace

std::vector<Kind> more_signal_kinds() {
  using enum Family;
  const Truth closed{{"closed_units"}, {"large_bias"}, true};
  const Truth flat{{"saturated_activation"}, {"large_bias"}, true};
  return {
      {"bn_relu_chain",
       signal,
       "25 layers of bn and relu without a shortcut",
       {{"exploding_gradient"}, {"normalisation"}, true},
       bn_relu_chain},
      {"leaky_collapse",
       signal,
       "so many leaky layers that all samples look alike",
       {{"collapsed_signal"}, {"depth"}, true},
       leaky_collapse},
      {"relu6_full", signal, "one relu6 layer that its biases hold at its upper end", flat,
       relu6_full},
      {"hardtanh_stuck", signal, "one hardtanh layer in a flat end", flat, hardtanh_stuck},
      {"sigmoid_stuck", signal, "a last sigmoid or tanh layer in a flat end", flat, sigmoid_stuck},
      {"closed_everywhere", signal, "biases that close every gelu, silu or mish", closed,
       closed_everywhere},
      {"negative_weights",
       signal,
       "one relu layer whose weights are all negative, behind another",
       {{"dead_units"}, {"silent_from_start"}, true},
       negative_weights},
      {"sigmoid_large",
       signal,
       "weights so large that every sigmoid is in its flat ends",
       {{"saturated_activation"}, {"large_weight"}, true},
       sigmoid_large},
      {"equal_start_adam",
       signal,
       "all weights of one value, trained by adam",
       {{"symmetric_units"}, {"equal_start"}, true},
       equal_start_adam},
      {"dropout_first",
       signal,
       "dropout that leaves one unit in twenty",
       {{"starving_dropout"}, {"dropout"}, true},
       dropout_first},
  };
}

}  // namespace plumb::zoo
