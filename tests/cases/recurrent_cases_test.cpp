// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "plumb/diagnose/words/layer_names.h"
#include "tests/cases/case.h"

namespace plumb::test {
namespace {

const std::string kAdding = " --data adding?t=5&n=2000 --batch 32 --steps 300 --clip-norm 1";

/// All biases of the recurrent layers.
std::function<void(Network&)> silenced() {
  return [](Network& network) {
    for (Param* param : network.params()) {
      if (!param->name.starts_with("bias_ih")) continue;
      for (float& one : param->value.view().as<float>()) one = -30;
    }
  };
}

/// One block of rows of the biases of gates, the first of the recurrent layer's.
std::function<void(Network&)> with_gate(int gate, int gates, float bias) {
  return [=](Network& network) {
    for (Param* param : network.params()) {
      if (!param->name.starts_with("bias_ih")) continue;
      const auto values = param->value.view().as<float>();
      const std::size_t rows = values.size() / static_cast<std::size_t>(gates);
      for (std::size_t i = 0; i < rows; ++i) {
        values[static_cast<std::size_t>(gate) * rows + i] = bias;
      }
    }
  };
}

std::vector<Case> recurrent_cases() {
  const std::string adam = kAdding + " --optimiser adam --lr 5e-3";
  return {
      {"dead_relu_cells",
       "rnn 32 act=relu > last > dense 1",
       adam,
       {.rule = "dead_units", .path = "0", .cause = CauseKind::silent_from_start},
       {},
       silenced()},
      {"rate_too_high_of_an_lstm",
       "lstm 16 > last > dense 1",
       kAdding + " --optimiser adam --lr 3",
       {.rule = "update_too_large"}},
      {"rate_too_low_of_a_gru",
       "gru 16 > last > dense 1",
       kAdding + " --optimiser adam --lr 1e-8",
       {.rule = "stalled_layer", .cause = CauseKind::small_rate}},
      {"input_gates_shut",
       "lstm 16 > last > dense 1",
       adam,
       {.rule = "saturated_gate", .path = "0", .cause = CauseKind::large_bias},
       {},
       with_gate(0, 4, -14)},
      {"update_gates_that_let_nothing_in",
       "gru 16 > last > dense 1",
       adam,
       {.rule = "saturated_gate", .path = "0", .cause = CauseKind::large_bias},
       {},
       with_gate(1, 3, 14)},
      {"healthy_irnn", "rnn 32 irnn > last > dense 1", adam},
      {"healthy_lstm", "lstm 32 forget_bias=1 > last > dense 1", adam},
      {"healthy_relu_cells", "rnn 32 act=relu recurrent=orthogonal > last > dense 1", adam},
  };
}

PLUMB_CASES(RecurrentCases, recurrent_cases());

TEST(RecurrentTest, CellsOfAStackAreNamedApart) {
  const CaseRun run({"stack", "3 x [rnn 16] > last > dense 1", kAdding + " --lr 0.01"});
  std::vector<std::string> names;
  const LayerNames name(run.info());
  for (std::size_t id = 0; id < run.info().layers.size(); ++id) {
    const auto layer = static_cast<LayerId>(id);
    if (run.info().layer(layer).family == LayerFamily::recurrent)
      names.push_back(name.layer(layer));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"the rnn 1 of 3 before layer 1",
                                             "the rnn 2 of 3 before layer 1",
                                             "the rnn 3 of 3 before layer 1"}));
}

// The weights of a cell are judged as those of any layer.
TEST(RecurrentTest, EveryCellHasAPace) {
  const CaseRun run({"paces", "lstm 8 > gru 8 > last > dense 1", kAdding + " --lr 0.01"});
  for (const MeasuredStep& step : run.diagnosis().view().measured()) {
    EXPECT_EQ(step.paces.size(), 3u);
    for (const LayerPace& pace : step.paces) EXPECT_TRUE(std::isfinite(pace.log2_update));
  }
}

}  // namespace
}  // namespace plumb::test
