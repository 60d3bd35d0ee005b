// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Further faults of recurrent layers, by which rules were set.
namespace plumb::zoo {

namespace {

Specimen rnn_chaotic(Draw& draw, bool fault) {
  const double gain = draw.real(4, 8);
  Specimen s =
      recalls(draw, fault, 20, 30, fmt::format("rnn {{}} recurrent=orthogonal gain={:.3f}", gain),
              "rnn {} recurrent=orthogonal");
  use_adam(s, 0.003);
  return s;
}

Specimen rnn_biased(Draw& draw, bool fault) {
  Specimen s =
      recalls(draw, fault, 10, 16, "rnn {} recurrent=orthogonal", "rnn {} recurrent=orthogonal");
  const double bias = draw.real(6, 12) * (draw.coin() ? 1 : -1);
  use_adam(s, 0.003);
  if (fault) {
    s.surgery = [bias](Network& network) { fill(*named(network, "bias_ih_l0").front(), bias); };
  }
  return s;
}

Specimen rnn_large_input_weights(Draw& draw, bool fault) {
  Specimen s =
      recalls(draw, fault, 10, 16, "rnn {} recurrent=orthogonal", "rnn {} recurrent=orthogonal");
  const double factor = draw.log(100, 1000);
  use_adam(s, 0.003);
  if (fault) {
    s.surgery = [factor](Network& network) {
      multiply(*named(network, "weight_ih_l0").front(), factor);
    };
  }
  return s;
}

/// One of the blocks of rows of the input bias of a gated cell.
Specimen gate_at(Draw& draw, bool fault, const std::string& cell, int gate, int gates, double bias,
                 int low = 10, int high = 16) {
  Specimen s = recalls(draw, fault, low, high, cell, cell);
  use_adam(s, 0.003);
  if (fault) {
    s.surgery = [=](Network& network) {
      fill_gate(*named(network, "bias_ih_l0").front(), gate, gates, bias);
    };
  }
  return s;
}
Specimen lstm_input_shut(Draw& draw, bool fault) {
  return gate_at(draw, fault, "lstm {} chrono=16", 0, 4, -draw.real(9, 14));
}
Specimen lstm_output_shut(Draw& draw, bool fault) {
  return gate_at(draw, fault, "lstm {} chrono=16", 3, 4, -draw.real(9, 14));
}
Specimen lstm_candidate_stuck(Draw& draw, bool fault) {
  return gate_at(draw, fault, "lstm {} chrono=16", 2, 4, draw.real(8, 12) * (draw.coin() ? 1 : -1));
}
Specimen lstm_forget_shut(Draw& draw, bool fault) {
  return gate_at(draw, fault, "lstm {} chrono=30", 1, 4, -draw.real(8, 12), 20, 32);
}
Specimen gru_update_shut(Draw& draw, bool fault) {
  return gate_at(draw, fault, "gru {} chrono=16", 1, 3, draw.real(12, 16));
}

Specimen gru_large_weights(Draw& draw, bool fault) {
  Specimen s = recalls(draw, fault, 10, 20, "gru {} chrono=20", "gru {} chrono=20");
  const double factor = draw.log(30, 200);
  if (fault) {
    s.surgery = [factor](Network& network) {
      multiply(*named(network, "weight_ih_l0").front(), factor);
      multiply(*named(network, "weight_hh_l0").front(), factor);
    };
  }
  return s;
}

Specimen gated_long(Draw& draw, bool fault) {
  const std::string cell = draw.word({"lstm", "gru"});
  Specimen s = recalls(draw, fault, 48, 64, cell + " {}", cell + " {} chrono=64");
  s.config.steps = 150;
  return s;
}

/// The first of two layers, through which everything passes at the last step only.
Specimen stacked_first_shut(Draw& draw, bool fault) {
  Specimen s = on_recall(draw, draw.integer(8, 14));
  const int hidden = draw.integer(16, 24);
  const double bias = -draw.real(9, 14);
  const int gate = draw.pick({0, 3});
  s.config.init = "pytorch";
  s.config.network =
      fmt::format("lstm {0} chrono=14 > lstm {0} chrono=14 > last > dense {1}", hidden, outputs(s));
  use_adam(s, 0.003);
  s.bad_depth = 1;
  if (fault) {
    s.surgery = [=](Network& network) {
      fill_gate(*named(network, "bias_ih_l0").front(), gate, 4, bias);
    };
  }
  return s;
}

Specimen stacked_dead_rnn(Draw& draw, bool fault) {
  Specimen s = on_recall(draw, draw.integer(8, 12));
  const int hidden = draw.integer(16, 24), bad = draw.integer(1, 2);
  const double bias = -draw.real(5, 10);
  s.config.init = "pytorch";
  s.config.network =
      fmt::format("rnn {0} irnn > rnn {0} irnn > last > dense {1}", hidden, outputs(s));
  use_adam(s, 0.002);
  s.bad_depth = bad;
  if (fault) {
    s.surgery = [=](Network& network) {
      fill(*named(network, "bias_ih_l0")[static_cast<std::size_t>(bad - 1)], bias);
    };
  }
  return s;
}

Specimen rnn_cut(Draw& draw, bool fault) {
  const int window = draw.integer(1, 4);
  const std::string cell = draw.word({"rnn {} recurrent=orthogonal", "gru {} chrono=30"});
  Specimen s = recalls(draw, fault, 16, 28, fmt::format("{} bptt={}", cell, window), cell);
  use_adam(s, 0.003);
  return s;
}

/// The symbol at the first step, and nothing behind it: sequences filled up with zeros.
Specimen filled_up(Draw& draw, bool fault) {
  const std::string cell = draw.word({"rnn", "lstm"});
  Specimen s = recalls(draw, fault, 48, 64, cell + " {}", "lstm {} chrono=64");
  use_adam(s, 0.005);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    const std::int64_t row = part->x.shape().row_size(), step = part->x.shape()[2];
    std::int64_t i = 0;
    for (float& x : part->x.as<float>()) {
      if (i++ % row >= 8 * step) x = 0;
    }
  }
  return s;
}

Specimen large_inputs(Draw& draw, bool fault) {
  const std::string cell = draw.word({"gru {} chrono=16", "rnn {} recurrent=orthogonal"});
  Specimen s = recalls(draw, fault, 10, 16, cell, cell);
  const double factor = draw.log(200, 2000);
  use_adam(s, 0.003);
  if (fault) {
    for (Dataset* part : {&s.data.train, &s.data.validation}) {
      for (float& x : part->x.as<float>()) x = static_cast<float>(x * factor);
    }
  }
  return s;
}

/// A rate so small that nothing moves.
Specimen gated_rate_small(Draw& draw, bool fault) {
  const std::string cell =
      draw.word({"gru {} chrono=12", "lstm {} chrono=12", "rnn {} recurrent=orthogonal"});
  Specimen s = recalls(draw, true, 6, 12, cell, cell);
  const double rate = draw.log(1e-7, 3e-6);
  use_adam(s, fault ? rate : 0.005);
  return s;
}

}  // namespace

std::vector<Kind> more_time_kinds() {
  using enum Family;
  const Truth shut{{"saturated_gate"}, {"large_bias", "large_gate_input"}, true};
  const Truth driven{{"saturated_gate", "exploding_through_time"},
                     {"large_weight", "large_gate_input", "recurrent_weight"},
                     true};
  return {
      {"rnn_chaotic",
       time,
       "tanh cells with a recurrent gain of six",
       {{"saturated_gate", "exploding_through_time", "vanishing_through_time"},
        {"recurrent_weight", "large_gate_input", "large_weight", "recurrent_derivative"},
        true},
       rnn_chaotic},
      {"rnn_biased",
       time,
       "tanh cells that their biases hold in a flat end",
       {{"saturated_gate"}, {"large_bias", "large_gate_input"}, true},
       rnn_biased},
      {"rnn_large_input_weights", time, "input weights that hold tanh cells in their flat ends",
       driven, rnn_large_input_weights},
      {"lstm_input_shut", time, "input gates that their biases shut", shut, lstm_input_shut},
      {"lstm_output_shut", time, "output gates that their biases shut", shut, lstm_output_shut},
      {"lstm_candidate_stuck", time, "candidates of an lstm in a flat end", shut,
       lstm_candidate_stuck},
      {"lstm_forget_shut",
       time,
       "forget gates that their biases shut",
       {{"vanishing_through_time", "saturated_gate"},
        {"gate_carry", "large_bias", "large_gate_input"},
        true},
       lstm_forget_shut},
      {"gru_update_shut", time, "update gates that let nothing in", shut, gru_update_shut},
      {"gru_large_weights", time, "weights that hold all gates of a gru in their flat ends", driven,
       gru_large_weights},
      {"gated_long",
       time,
       "gates as they start by default, over sixty steps",
       {{"vanishing_through_time"}, {"gate_carry"}, true},
       gated_long},
      {"stacked_first_shut", time, "the first of two lstm layers shut", shut, stacked_first_shut},
      {"stacked_dead_rnn",
       time,
       "one of two relu recurrences that negative biases silence",
       {{"dead_units", "closed_units"}, {"large_bias", "silent_from_start"}, true},
       stacked_dead_rnn},
      {"gated_rate_small",
       time,
       "a rate at which no recurrent layer moves",
       {{"stalled_layer"}, {"small_rate"}},
       gated_rate_small},
      {"rnn_cut",
       time,
       "a gradient cut after a few steps, of plain cells or a gru",
       {{"vanishing_through_time"}, {"truncation"}, true},
       rnn_cut},
      {"filled_up",
       time,
       "sequences filled up with zeros behind what matters",
       {{"vanishing_through_time"}, {"gate_carry", "recurrent_weight"}, true},
       filled_up},
      {"large_inputs",
       time,
       "inputs of hundreds to a gru or plain cells",
       {{"input_scale", "saturated_gate"}, {"data", "large_gate_input", "large_input"}, true},
       large_inputs},
  };
}

}  // namespace plumb::zoo
