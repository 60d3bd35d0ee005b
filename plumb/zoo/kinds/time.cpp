// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Faults of recurrent layers.
namespace plumb::zoo {

namespace {

Specimen rnn_forgets(Draw& draw, bool fault) {
  const double gain = draw.real(0.3, 0.6);
  Specimen s =
      recalls(draw, fault, 24, 40, fmt::format("rnn {{}} recurrent=orthogonal gain={:.3f}", gain),
              "rnn {} recurrent=orthogonal");
  use_sgd(s, 0.05);
  if (!fault) use_adam(s, 0.003);
  return s;
}

Specimen rnn_sigmoid(Draw& draw, bool fault) {
  return recalls(draw, fault, 20, 36, "rnn {} act=sigmoid", "gru {} chrono=40");
}

Specimen rnn_relu_explodes(Draw& draw, bool fault) {
  const double gain = draw.real(2, 3);
  Specimen s = recalls(
      draw, fault, 24, 36,
      fmt::format("rnn {{}} act=relu recurrent=orthogonal gain={:.3f} zero_bias=true", gain),
      "rnn {} irnn");
  use_adam(s, 0.001);
  return s;
}

Specimen lstm_forgets(Draw& draw, bool fault) {
  const double bias = -draw.real(3, 6);
  return recalls(draw, fault, 20, 36, fmt::format("lstm {{}} forget_bias={:.2f}", bias),
                 "lstm {} chrono=40");
}

Specimen gru_forgets(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 20, 36, "gru {}", "gru {} chrono=40");
  const double bias = -draw.real(4, 8);
  if (fault) {
    s.surgery = [bias](Network& network) {
      Param& first = *named(network, "bias_ih_l0").front();
      fill_gate(first, 1, 3, bias);
    };
  }
  return s;
}

Specimen gru_closed(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 12, 20, "gru {}", "gru {} chrono=20");
  const double bias = draw.real(9, 14);
  use_adam(s, 0.003);
  if (fault) {
    s.surgery = [bias](Network& network) {
      Param& first = *named(network, "bias_ih_l0").front();
      fill_gate(first, 1, 3, bias);
    };
  }
  return s;
}

Specimen lstm_closed(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 8, 16, "lstm {} forget_bias=1", "lstm {} chrono=16");
  const double bias = -draw.real(9, 14);
  const int gate = draw.pick({0, 3});
  use_adam(s, 0.003);
  if (fault) {
    s.surgery = [bias, gate](Network& network) {
      Param& first = *named(network, "bias_ih_l0").front();
      fill_gate(first, gate, 4, bias);
    };
  }
  return s;
}

Specimen lstm_large_inputs(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 10, 20, "lstm {} chrono=20", "lstm {} chrono=20");
  const double factor = draw.log(100, 1000);
  if (fault) {
    for (Dataset* part : {&s.data.train, &s.data.validation}) {
      for (float& x : part->x.as<float>()) x = static_cast<float>(x * factor);
    }
  }
  return s;
}

Specimen lstm_large_weights(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 10, 20, "lstm {} chrono=20", "lstm {} chrono=20");
  const double factor = draw.log(30, 200);
  if (fault) {
    s.surgery = [factor](Network& network) {
      multiply(*named(network, "weight_ih_l0").front(), factor);
      multiply(*named(network, "weight_hh_l0").front(), factor);
    };
  }
  return s;
}

Specimen rnn_dead(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 8, 14, "rnn {} irnn", "rnn {} irnn");
  const double bias = -draw.real(3, 8);
  if (fault) {
    s.surgery = [bias](Network& network) { fill(*named(network, "bias_ih_l0").front(), bias); };
  }
  return s;
}

Specimen bptt_too_short(Draw& draw, bool fault) {
  const int window = draw.integer(2, 6);
  Specimen s = recalls(draw, fault, 20, 30, fmt::format("lstm {{}} chrono=30 bptt={}", window),
                       "lstm {} chrono=30");
  return s;
}

Specimen stacked_second_closed(Draw& draw, bool fault) {
  Specimen s = on_recall(draw, draw.integer(8, 14));
  const int hidden = draw.integer(16, 24);
  const double bias = -draw.real(9, 14);
  s.config.init = "pytorch";
  s.config.network =
      fmt::format("lstm {0} chrono=14 > lstm {0} chrono=14 > last > dense {1}", hidden, outputs(s));
  use_adam(s, 0.003);
  s.bad_depth = 2;
  if (fault) {
    s.surgery = [bias](Network& network) {
      Param& second = *named(network, "bias_ih_l0").back();
      fill_gate(second, 0, 4, bias);
    };
  }
  return s;
}

}  // namespace

std::vector<Kind> time_kinds() {
  using enum Family;
  return {
      {"rnn_forgets",
       time,
       "a recurrent weight that shrinks what it carries at every step",
       {{"vanishing_through_time"}, {"recurrent_weight"}, true},
       rnn_forgets},
      {"rnn_sigmoid",
       time,
       "sigmoid cells, whose slope is at most a quarter, over many steps",
       {{"vanishing_through_time"}, {"recurrent_derivative", "recurrent_weight"}, true},
       rnn_sigmoid},
      {"rnn_relu_explodes",
       time,
       "relu cells with a recurrent gain above two",
       {{"exploding_through_time", "exploding_gradient"}, {"recurrent_weight"}, true},
       rnn_relu_explodes},
      {"lstm_forgets",
       time,
       "forget gates that are closed from the start",
       {{"vanishing_through_time"}, {"gate_carry", "large_bias"}, true},
       lstm_forgets},
      {"gru_forgets",
       time,
       "update gates that never keep the state",
       {{"vanishing_through_time"}, {"gate_carry", "large_bias"}, true},
       gru_forgets},
      {"gru_closed",
       time,
       "update gates that always keep the state, which stays zero",
       {{"saturated_gate"}, {"large_bias", "large_gate_input"}, true},
       gru_closed},
      {"lstm_closed",
       time,
       "input or output gates that their biases close",
       {{"saturated_gate"}, {"large_bias", "large_gate_input"}, true},
       lstm_closed},
      {"lstm_large_inputs",
       time,
       "inputs of hundreds, which hold all gates in their flat ends",
       {{"input_scale", "saturated_gate"}, {"data", "large_gate_input", "large_input"}, true},
       lstm_large_inputs},
      {"lstm_large_weights",
       time,
       "weights that hold all gates in their flat ends",
       {{"saturated_gate", "exploding_through_time"}, {"large_gate_input", "large_weight"}, true},
       lstm_large_weights},
      {"rnn_dead",
       time,
       "relu cells that negative biases silence",
       {{"dead_units", "closed_units"}, {"large_bias", "silent_from_start"}, true},
       rnn_dead},
      {"bptt_too_short",
       time,
       "a gradient cut after a few steps where the memory must reach far",
       {{"vanishing_through_time"}, {"truncation"}, true},
       bptt_too_short},
      {"stacked_second_closed",
       time,
       "the second of two lstm layers with closed input gates",
       {{"saturated_gate"}, {"large_bias", "large_gate_input"}, true},
       stacked_second_closed},
  };
}

}  // namespace plumb::zoo
