// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/zoo/kinds/make.h"

// Normalisation, dropout and recurrent layers that work.
namespace plumb::zoo {

namespace {

Specimen normalised(Draw& draw, int low, int high, std::string_view body) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(low, high), width = draw.integer(24, 56);
  s.config.network = chain(s, depth, width, body);
  return s;
}
Specimen bn_relu(Draw& draw, bool) { return normalised(draw, 2, 8, "bn > relu"); }
Specimen bn_tanh(Draw& draw, bool) { return normalised(draw, 2, 8, "bn > tanh"); }
Specimen ln_gelu(Draw& draw, bool) { return normalised(draw, 2, 8, "ln > gelu"); }
Specimen rms_silu(Draw& draw, bool) { return normalised(draw, 2, 6, "rmsnorm > silu"); }
Specimen gn_relu(Draw& draw, bool) {
  Specimen s = on_table(draw);
  s.config.network = chain(s, draw.integer(2, 5), 8 * draw.integer(3, 7), "gn 4 > relu");
  return s;
}

Specimen bn_badly_started(Draw& draw, bool) {
  Specimen s = normalised(draw, 3, 6, "bn > relu");
  s.config.gain = draw.coin() ? draw.real(5, 20) : draw.real(0.02, 0.2);
  return s;
}

Specimen bn_fast(Draw& draw, bool) { return normalised(draw, 2, 4, "bn momentum=0.3 > relu"); }

Specimen dropout_usual(Draw& draw, bool) {
  const double rate = draw.real(0.1, 0.4);
  return normalised(draw, 2, 3, fmt::format("relu > dropout {:.2f}", rate));
}

Specimen recalls(Draw& draw, int low, int high, const char* cell) {
  Specimen s = on_recall(draw, draw.integer(low, high));
  s.config.init = "pytorch";
  s.config.network = fmt::format("{} > last > dense {}",
                                 fmt::format(fmt::runtime(cell), draw.integer(16, 32)), outputs(s));
  return s;
}
Specimen rnn_short(Draw& draw, bool) { return recalls(draw, 4, 8, "rnn {} recurrent=orthogonal"); }
Specimen rnn_orthogonal(Draw& draw, bool) {
  Specimen s = recalls(draw, 14, 24, "rnn {} recurrent=orthogonal");
  use_adam(s, 0.003);
  return s;
}
Specimen lstm_recall(Draw& draw, bool) { return recalls(draw, 10, 20, "lstm {} chrono=20"); }
Specimen lstm_default(Draw& draw, bool) { return recalls(draw, 4, 7, "lstm {}"); }
Specimen gru_recall(Draw& draw, bool) { return recalls(draw, 10, 20, "gru {} chrono=20"); }
Specimen gru_bidirectional(Draw& draw, bool) {
  return recalls(draw, 6, 10, "gru {} bidirectional");
}
Specimen lstm_stacked(Draw& draw, bool) {
  Specimen s = on_recall(draw, draw.integer(6, 12));
  s.config.init = "pytorch";
  s.config.network = fmt::format("lstm {0} chrono=12 > lstm {0} chrono=12 > last > dense {1}",
                                 draw.integer(16, 24), outputs(s));
  return s;
}

}  // namespace

std::vector<Kind> healthy_layer_kinds() {
  using enum Family;
  return {
      {"bn_relu", norm, "bn and relu", {}, bn_relu},
      {"bn_tanh", norm, "bn and tanh", {}, bn_tanh},
      {"ln_gelu", norm, "ln and gelu", {}, ln_gelu},
      {"rms_silu", norm, "rmsnorm and silu", {}, rms_silu},
      {"gn_relu", norm, "group normalisation and relu", {}, gn_relu},
      {"bn_badly_started",
       norm,
       "weights of any size, which bn makes good for",
       {},
       bn_badly_started},
      {"bn_fast", norm, "bn whose running statistics move fast", {}, bn_fast},
      {"dropout_usual", signal, "dropout of a usual size", {}, dropout_usual},
      {"rnn_short", time, "tanh cells over a few steps", {}, rnn_short},
      {"rnn_orthogonal", time, "tanh cells with an orthogonal recurrence", {}, rnn_orthogonal},
      {"lstm_recall", time, "lstm with its memory spread over the steps", {}, lstm_recall},
      {"lstm_default", time, "lstm as it starts by default, over a few steps", {}, lstm_default},
      {"gru_recall", time, "gru with its memory spread over the steps", {}, gru_recall},
      {"gru_bidirectional", time, "gru in both directions", {}, gru_bidirectional},
      {"lstm_stacked", time, "two lstm layers", {}, lstm_stacked},
  };
}

}  // namespace plumb::zoo
