// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of what the layers pass on: units that are all alike, silent or stuck.
namespace plumb::zoo {

namespace {

Specimen relu_collapse(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(34, 50), width = draw.integer(20, 28);
  s.config.batch = 32;
  use_sgd(s, 0.01);
  if (fault) {
    s.config.network = chain(s, depth, width, "relu");
  } else {
    s.config.network =
        fmt::format("dense {0} > relu > {1} x res rezero [dense {0} > relu] > dense {2}", width,
                    depth - 1, outputs(s));
  }
  return s;
}

Specimen bn_relu_collapse(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(30, 40), width = draw.integer(16, 24);
  s.config.batch = 32;
  s.config.steps = 200;
  if (fault) {
    s.config.network = chain(s, depth, width, "bn > relu");
  } else {
    s.config.network = fmt::format(
        "dense {0} > bn > relu > {1} x res scale=0.1 [dense {0} > bn > relu] > dense {2}", width,
        depth - 1, outputs(s));
  }
  return s;
}

Specimen equal_rows(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 5), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  const std::string body = draw.word({"relu", "tanh"});
  s.config.network = chain(s, depth, width, body);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad](Network& network) {
      const auto weights = linear_weights(network);
      repeat_rows(*weights[static_cast<std::size_t>(bad - 1)]);
      fill(*weights[static_cast<std::size_t>(bad)], 0.05);
    };
  }
  return s;
}

Specimen constant_start(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 4), width = draw.integer(16, 64);
  const double value = draw.log(0.01, 0.2);
  const std::string body = draw.word({"relu", "tanh", "sigmoid"});
  if (fault) s.config.init = fmt::format("constant:{:.4f}", value);
  s.config.network = chain(s, depth, width, body);
  return s;
}

Specimen zero_start(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(1, 4), width = draw.integer(16, 64);
  const std::string body = draw.word({"relu", "tanh", "sigmoid"});
  if (fault) s.config.init = "zeros";
  if (!fault && body == "sigmoid") s.config.init = "glorot_normal";
  if (body == "sigmoid") use_adam(s, 0.01);
  s.config.network = chain(s, body == "sigmoid" ? std::min(depth, 2) : depth, width, body);
  return s;
}

Specimen dead_relu_layer(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 7), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  const double bias = -draw.real(6, 20);
  s.config.network = chain(s, depth, width, "relu");
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, bias](Network& network) {
      fill(*linear_biases(network)[static_cast<std::size_t>(bad - 1)], bias);
    };
  }
  return s;
}

Specimen dead_relu_everywhere(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 5), width = draw.integer(24, 64);
  const double bias = -draw.real(2, 5);
  s.config.network = chain(s, depth, width, "relu");
  if (fault) s.config.bias_init = fmt::format("constant:{:.3f}", bias);
  return s;
}

/// A layer whose activation its biases close: gelu, elu and the like pass nothing far below zero.
Specimen closed_by_bias(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 7), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  const double bias = -draw.real(9, 16);
  s.config.network = chain(s, depth, width, draw.word({"gelu", "elu", "silu", "mish"}));
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, bias](Network& network) {
      fill(*linear_biases(network)[static_cast<std::size_t>(bad - 1)], bias);
    };
  }
  return s;
}

Specimen saturated_tanh(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  const double gain = draw.log(10, 40);
  s.config.init = "glorot_normal";
  if (fault) s.config.gain = gain;
  use_sgd(s, 0.02);
  s.config.network = chain(s, depth, width, "tanh");
  return s;
}

Specimen saturated_by_bias(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 5), width = draw.integer(24, 64);
  const int bad = draw.integer(1, depth);
  const double bias = draw.real(6, 12);
  s.config.init = "glorot_normal";
  s.config.network = chain(s, depth, width, "tanh");
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [bad, bias](Network& network) {
      fill(*linear_biases(network)[static_cast<std::size_t>(bad - 1)], bias);
    };
  }
  return s;
}

Specimen dropout_starves(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(3, 5), width = draw.integer(16, 32);
  const double rate = draw.real(0.9, 0.97);
  use_adam(s, 0.003);
  s.config.network = chain(
      s, depth, width, fault ? fmt::format("relu > dropout {:.3f}", rate) : "relu > dropout 0.05");
  return s;
}

}  // namespace

std::vector<Kind> signal_kinds() {
  using enum Family;
  return {
      {"relu_collapse",
       signal,
       "so many relu layers that all samples look alike at the end",
       {{"collapsed_signal"}, {"depth"}, true},
       relu_collapse},
      {"bn_relu_collapse",
       signal,
       "many layers of bn and relu without a shortcut",
       {{"collapsed_signal", "exploding_gradient"}, {"depth", "normalisation"}, true},
       bn_relu_collapse},
      {"equal_rows",
       signal,
       "one layer whose units are copies of one another",
       {{"symmetric_units"}, {"equal_start"}, true},
       equal_rows},
      {"constant_start",
       signal,
       "all weights start at one and the same value",
       {{"symmetric_units"}, {"equal_start"}, true},
       constant_start},
      {"zero_start",
       signal,
       "all weights start at zero",
       {{"symmetric_units"}, {"zero_rows", "equal_start"}, true},
       zero_start},
      {"dead_relu_layer",
       signal,
       "one relu layer that its biases silence for every sample",
       {{"dead_units", "closed_units"}, {"large_bias", "silent_from_start"}, true},
       dead_relu_layer},
      {"dead_relu_everywhere",
       signal,
       "negative biases in all relu layers",
       {{"dead_units", "closed_units"}, {"large_bias", "silent_from_start"}, true},
       dead_relu_everywhere},
      {"closed_by_bias",
       signal,
       "one gelu, elu, silu or mish layer that its biases close",
       {{"closed_units"}, {"large_bias"}, true},
       closed_by_bias},
      {"saturated_tanh",
       signal,
       "weights so large that every tanh is in its flat ends",
       {{"saturated_activation"}, {"large_weight"}, true},
       saturated_tanh},
      {"saturated_by_bias",
       signal,
       "one tanh layer in a flat end, since its biases are large",
       {{"saturated_activation"}, {"large_bias"}, true},
       saturated_by_bias},
      {"dropout_starves",
       signal,
       "dropout that leaves one unit in fifteen",
       {{"starving_dropout"}, {"dropout"}, true},
       dropout_starves},
  };
}

}  // namespace plumb::zoo
