// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/diagnose/half_runs.h"
#include "tests/diagnose/odd_runs.h"
#include "tests/diagnose/rule_test.h"
#include "tests/diagnose/sick_signals.h"
#include "tests/diagnose/time_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

/// One run for every rule and for most causes, with a name, and some healthy ones.
inline std::vector<std::pair<std::string, plumb::Run>> sick_runs() {
  constexpr double kZero = -std::numeric_limits<double>::infinity();
  std::vector<std::pair<std::string, plumb::Run>> runs;
  const auto train = [&](const std::string& name, const auto& change) {
    MiniSpec spec;
    change(spec);
    runs.emplace_back(name, run_mini_net(spec));
  };
  train("healthy", [](MiniSpec&) {});
  train("sigmoid", [](MiniSpec& s) { s.activation = "sigmoid", s.gain = 1, s.depth = 20; });
  train("small weights", [](MiniSpec& s) { s.gain *= 0.6, s.depth = 16; });
  train("large weights", [](MiniSpec& s) { s.gain *= 2, s.depth = 30; });
  train("unscaled residual", [](MiniSpec& s) { s.residual = true, s.depth = 16; });
  train("large rate", [](MiniSpec& s) { s.depth = 5, s.learning_rate = 3, s.steps = 20; });
  train("zero weights", [](MiniSpec& s) { s.depth = 5, s.constant_weight = 0; });
  train("equal weights", [](MiniSpec& s) { s.depth = 5, s.constant_weight = 0.1; });
  train("saturated", [](MiniSpec& s) { s.activation = "tanh", s.gain = 6, s.depth = 5; });
  train("unscaled inputs",
        [](MiniSpec& s) { s.activation = "tanh", s.gain = 1, s.depth = 3, s.input_scale = 30; });
  train("a NaN", [](MiniSpec& s) { s.depth = 5, s.nan_layer = 2, s.nan_step = 3; });
  train("tiny rate", [](MiniSpec& s) { s.depth = 4, s.learning_rate = 1e-9; });
  train("decay alone", [](MiniSpec& s) {
    s.activation = "sigmoid", s.gain = 1, s.depth = 20, s.weight_decay = 0.01;
  });
  train("Fixup", [](MiniSpec& s) {
    s.depth = 7, s.residual = true, s.branch_scale = 0.4, s.zero_output = true;
    s.zero_branch_ends = true;
  });
  train("frozen zero output", [](MiniSpec& s) {
    s.depth = 7, s.residual = true, s.branch_scale = 0.4, s.zero_output = true;
    s.frozen_output = true;
  });
  train("probe of a zero output", [](MiniSpec& s) { s.zero_output = true, s.steps = 1; });

  runs.emplace_back("gradients in float16", half_run({0.1, 0.3, 1.0, 20.0, 400.0}, 0.5, true));

  MiniSpec unknown;
  unknown.activation = "sigmoid";
  unknown.gain = 1;
  unknown.depth = 20;
  runs.emplace_back("an activation of unknown traits", run_mini_net(unknown));
  for (LayerInfo& layer : runs.back().second.info.layers) layer.traits.reset();

  plumb::Run died = flat_run(4, 100, "relu", 4);
  for (std::size_t s = 0; s < 4; ++s) died.steps[s].activations[1].dead_units = s == 0 ? 10 : 60;
  runs.emplace_back("units that die", died);
  plumb::Run silent = flat_run(4, 100, "relu", 4);
  for (StepRecord& step : silent.steps) step.activations[1].dead_units = 71;
  runs.emplace_back("units silent from the start", silent);
  plumb::Run grows = flat_run(4, 32, "relu", 30);
  for (std::size_t s = 20; s < 30; ++s) grows.steps[s].grad_norm = 1100;
  for (std::size_t s = 1; s < 30; s += 2) {
    grows.steps[s].measured = false;
    grows.steps[s].sketches.clear();
  }
  runs.emplace_back("growth over training", grows);
  plumb::Run ends = flat_run(5, 32, "relu", 3);
  for (StepRecord& step : ends.steps) {
    put_rms(ends.info, step, "4", Role::grad_z, kZero);
    step.activations[2].log2_rms_derivative = kZero;
  }
  runs.emplace_back("a gradient that ends", ends);
  plumb::Run decay = flat_run(3, 16, "relu", 4);
  for (StepRecord& step : decay.steps) {
    step.weight_decay_norm = 8 * 0.25 * std::sqrt(3 * 64.0);
    for (const char* path : {"0", "2", "4"}) {
      put_rms(decay.info, step, path, Role::update, std::log2(0.1 * 8 * 0.25));
    }
  }
  runs.emplace_back("all decay", decay);
  plumb::Run loss = flat_run(3, 32, "relu", 3);
  loss.steps[2].loss = std::numeric_limits<double>::quiet_NaN();
  runs.emplace_back("a loss that overflows", loss);
  plumb::Run unseen = loss;
  unseen.steps[2].measured = false;
  runs.emplace_back("a NaN that nobody measured", unseen);

  CellFacts cut;
  cut.truncated_steps = 20;
  const auto ending = [](int) {
    TimeBuilder builder(kRecurrent, 100);
    builder.put(TimeQuantity::grad_h,
                [](auto t) { return t < 80 ? -std::numeric_limits<double>::infinity() : 0.0; });
    return builder.record();
  };
  runs.emplace_back("truncation", recurrent_run("rnn 64", 2, ending, cut));
  runs.emplace_back("an end in time", recurrent_run("rnn 64", 2, ending));
  runs.emplace_back("recurrent weight", recurrent_run("rnn 64", 3, [](int) {
                      return decaying_rnn(100, -0.87, -0.08, kRecurrent);
                    }));
  runs.emplace_back("recurrent derivative", recurrent_run("rnn 64", 3, [](int) {
                      TimeBuilder builder(kRecurrent, 100);
                      TimeRecord record = decaying_rnn(100, -0.87, -1.5, kRecurrent);
                      builder.put_gate(TimeQuantity::h, 0, 0.3, 0.3);
                      for (const TimeSeries& one : builder.record().series) {
                        record.series.push_back(one);
                      }
                      return record;
                    }));
  runs.emplace_back("explosion through time", recurrent_run("rnn 64", 3, [](int) {
                      return decaying_rnn(100, 0.13750352374993, 0, kRecurrent);
                    }));
  runs.emplace_back("half-open gates", recurrent_run("lstm 64", 4, [](int step) {
                      return carrying_lstm(100, step < 3 ? 0.5 : 0.99);
                    }));
  runs.emplace_back("shut gates", recurrent_run("lstm 64", 3, [](int) {
                      TimeBuilder builder(kRecurrent, 20);
                      builder.put(TimeQuantity::grad_h, [](auto) { return 0.0; })
                          .put_gate(TimeQuantity::output_gate, 0.1, 0.95, 0);
                      return builder.record();
                    }));
  runs.emplace_back("at its baseline", with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 2.3}));
  runs.emplace_back("learned", with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.2}));
  runs.emplace_back("converged", with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 1e-6, 1e-6}));
  runs.emplace_back("a loss that comes back",
                    with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.4, 0.4, 2.2}));
  plumb::Run heart = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.05});
  heart.steps[60].validation_loss = 1.9;
  heart.steps[60].validation_accuracy = 0.45;
  heart.steps[119].validation_loss = 3.2;
  heart.steps[119].validation_accuracy = 0.41;
  runs.emplace_back("learned by heart", heart);
  plumb::Run running = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.05});
  running.steps[119].inference_loss = 2.6;
  running.steps[119].inference_accuracy = 0.3;
  running.info.layers[static_cast<std::size_t>(id_of(running.info, "1"))].running_momentum = 1e-3;
  runs.emplace_back("slow running statistics", running);
  running.info.layers[static_cast<std::size_t>(id_of(running.info, "1"))].running_momentum = 0.1;
  runs.emplace_back("running statistics that differ", running);
  plumb::Run silent_loss = flat_run(3, 32, "relu", 4);
  for (StepRecord& step : silent_loss.steps) {
    for (const char* path : {"0", "2", "4"})
      put_rms(silent_loss.info, step, path, Role::grad_z, kZero);
  }
  runs.emplace_back("a loss without a gradient", silent_loss);
  plumb::Run harmless = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.1});
  for (const char* path : {"0", "2", "4"}) {
    put_rms(harmless.info, harmless.steps[0], path, Role::update, -1);
  }
  runs.emplace_back("a large first step without harm", harmless);
  plumb::Run harmful = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 2.3});
  for (const char* path : {"0", "2", "4"}) {
    put_rms(harmful.info, harmful.steps[0], path, Role::update, -1);
  }
  runs.emplace_back("a large first step that did harm", harmful);
  runs.emplace_back("a first layer out of line", run_with_odd({{0, 500}}));
  MiniSpec decaying;
  decaying.depth = 4;
  decaying.learning_rate = 0.1;
  decaying.weight_decay = 0.5;
  decaying.steps = 80;
  runs.emplace_back("a decay that takes the weights", run_mini_net(decaying));
  plumb::Run sorted = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.2});
  sorted.info.batch = 32;
  sorted.info.data_info = data_of(960, {}, {}, std::vector<std::int64_t>(10, 96));
  sorted.info.data_info->between_batches = 0.97;
  sorted.steps[70].loss = 5.1;
  sorted.steps[119].validation_loss = 2.9;
  sorted.steps[119].validation_accuracy = 0.31;
  runs.emplace_back("batches of a kind", sorted);
  plumb::Run loop = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 0.2});
  loop.info.settings = {{"loop_faults", "not_reset"},
                        {"loop", "gradients are not reset between updates"}};
  runs.emplace_back("gradients that are never reset", loop);
  plumb::Run alike = with_losses(flat_run(3, 32, "relu", 1), 120, {2.31, 2.3});
  alike.info.data_info = data_of(960, std::vector<ColumnInfo>(12, {"", 0, 1, -3, 3}), {},
                                 std::vector<std::int64_t>(10, 96));
  alike.steps[0].signals.push_back({0, 32, 0, 1.01});
  runs.emplace_back("columns that say the same", alike);
  for (auto& one : sick_signals()) runs.push_back(std::move(one));
  return runs;
}

}  // namespace plumb::test
