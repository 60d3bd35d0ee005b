// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb::test {

/// A TimeRecord from formulas of the time step.
class TimeBuilder {
 public:
  TimeBuilder(LayerId layer, std::int64_t time_steps, std::int64_t units = 64,
              bool reverse = false) {
    record_.layer = layer;
    record_.time_steps = time_steps;
    record_.units = units;
    record_.reverse = reverse;
  }

  TimeBuilder& put(TimeQuantity quantity, const std::function<double(std::int64_t)>& value,
                   TimeStatistic statistic = TimeStatistic::log2_rms) {
    TimeSeries series{quantity, statistic, {}};
    for (std::int64_t t = 0; t < record_.time_steps; ++t) {
      series.values.push_back(time_value(value(t), statistic));
    }
    record_.series.push_back(std::move(series));
    return *this;
  }
  /// Mean and flat ends of a gate, the same at all time steps.
  TimeBuilder& put_gate(TimeQuantity gate, double mean, double low, double high) {
    put(
        gate, [=](auto) { return mean; }, TimeStatistic::mean);
    put(
        gate, [=](auto) { return low; }, TimeStatistic::low_fraction);
    return put(
        gate, [=](auto) { return high; }, TimeStatistic::high_fraction);
  }

  const TimeRecord& record() const { return record_; }

 private:
  TimeRecord record_;
};

/// A plain recurrence read out at its last step, in which every step multiplies the gradient by
/// 2^per_step: 2^derivative of it by f', the rest by the recurrent weight.
inline TimeRecord decaying_rnn(std::int64_t time_steps, double per_step, double derivative = 0,
                               LayerId layer = 1) {
  const auto grad_h = [=](std::int64_t t) {
    return per_step * static_cast<double>(time_steps - 1 - t);
  };
  TimeBuilder builder(layer, time_steps);
  builder.put(TimeQuantity::h, [](auto) { return -1.0; })
      .put(TimeQuantity::grad_h, grad_h)
      .put(TimeQuantity::grad_z, [=](auto t) { return grad_h(t) + derivative; })
      .put(TimeQuantity::grad_h_by_recurrence, [=](auto t) { return grad_h(t) + per_step; });
  return builder.record();
}

}  // namespace plumb::test
