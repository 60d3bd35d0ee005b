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

/// A run of one recurrent layer (path "r") before a healthy dense one, with `steps` measured steps
/// whose time record the function gives.
inline plumb::Run recurrent_run(const std::string& text, int steps,
                                const std::function<TimeRecord(int)>& record) {
  plumb::Run run = flat_run(1, 16, "relu", steps);
  LayerInfo layer = activation_info("r", text.substr(0, text.find(' ')), 0, 64);
  layer.family = LayerFamily::recurrent;
  layer.text = text;
  run.info.layers.insert(run.info.layers.begin(), layer);
  run.info.network = text + " > last > dense 16";
  for (StepRecord& step : run.steps) {
    put_rms(step, "r", Role::grad_a, 0);
    step.times = {record(static_cast<int>(step.step))};
  }
  return run;
}

/// An lstm whose cell is carried by a forget gate of this mean alone.
inline TimeRecord carrying_lstm(std::int64_t time_steps, double forget) {
  const auto grad_c = [=](std::int64_t t) {
    return std::log2(forget) * static_cast<double>(time_steps - 1 - t);
  };
  const auto none = [](std::int64_t) { return -std::numeric_limits<double>::infinity(); };
  TimeBuilder builder("r", time_steps);
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
