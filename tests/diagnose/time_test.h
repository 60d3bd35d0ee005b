// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "plumb/record/run.h"
#include "tests/support/run_builder.h"
#include "tests/support/time_builder.h"

namespace plumb::test {

/// The id of the recurrent layer of recurrent_run.
inline constexpr LayerId kRecurrent = 1;

/// A run of one recurrent layer (path "r") before a healthy dense one, with `steps` measured steps
/// whose time record the function gives.
inline plumb::Run recurrent_run(const std::string& text, int steps,
                                const std::function<TimeRecord(int)>& record,
                                const CellFacts& cell = {}) {
  plumb::Run run;
  LayerInfo layer;
  layer.path = "r";
  layer.kind = text.substr(0, text.find(' '));
  layer.text = text;
  layer.family = LayerFamily::recurrent;
  layer.units = 64;
  layer.cell = cell;
  run.info.layers = {layer, dense_info("0", 1, 64, 16)};
  wire(run.info);
  for (int s = 0; s < steps; ++s) {
    StepRecord& step = run.steps.emplace_back();
    step.step = s;
    step.measured = true;
    step.loss = 1;
    step.learning_rate = 0.1;
    step.grad_norm = 1;
    put_rms(run.info, step, "r", Role::a, 0);
    put_rms(run.info, step, "r", Role::grad_a, 0);
    put_rms(run.info, step, "0", Role::z, 0);
    put_rms(run.info, step, "0", Role::grad_z, 0);
    put_rms(run.info, step, "0", Role::weight, -3);
    put_rms(run.info, step, "0", Role::grad_weight, -7);
    put_rms(run.info, step, "0", Role::update, -10);
    step.times = {record(s)};
  }
  return run;
}

/// An lstm whose cell is carried by a forget gate of this mean alone.
inline TimeRecord carrying_lstm(std::int64_t time_steps, double forget) {
  const auto grad_c = [=](std::int64_t t) {
    return std::log2(forget) * static_cast<double>(time_steps - 1 - t);
  };
  const auto none = [](std::int64_t) { return -std::numeric_limits<double>::infinity(); };
  TimeBuilder builder(kRecurrent, time_steps);
  builder.put(TimeQuantity::grad_h, [=](auto t) { return t + 1 == time_steps ? 0 : none(t); })
      .put(TimeQuantity::grad_c, grad_c)
      .put(TimeQuantity::grad_h_by_carry, [=](auto t) { return grad_c(t) + std::log2(forget); })
      .put(TimeQuantity::grad_h_by_recurrence, none)
      .put_gate(TimeQuantity::input_gate, 0.5, 0, 0)
      .put_gate(TimeQuantity::forget_gate, forget, 0, 0)
      .put_gate(TimeQuantity::cell_gate, 0, 0.1, 0.1)
      .put_gate(TimeQuantity::output_gate, 0.5, 0, 0);
  return builder.record();
}

}  // namespace plumb::test
