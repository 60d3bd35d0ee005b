// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "plumb/nn/graph/pass_observer.h"
#include "plumb/nn/time_observer.h"

namespace plumb {

/// Hands everything on to two observers.
class Both : public PassObserver {
 public:
  Both(PassObserver& first, PassObserver& second) : first_(first), second_(second) {}
  void on_output(const Node& node, ConstView x, ConstView y) override {
    first_.on_output(node, x, y);
    second_.on_output(node, x, y);
  }
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    first_.on_gradient(node, grad_y, log2_scale);
    second_.on_gradient(node, grad_y, log2_scale);
  }
  std::optional<double> largest_in_gradient() const override {
    const auto largest = first_.largest_in_gradient();
    return largest ? largest : second_.largest_in_gradient();
  }
  void on_join(const Node& node, std::span<const WayGradient> ways) override {
    first_.on_join(node, ways);
    second_.on_join(node, ways);
  }
  void on_input_gradient(ConstView grad_x, int log2_scale) override {
    first_.on_input_gradient(grad_x, log2_scale);
    second_.on_input_gradient(grad_x, log2_scale);
  }

 private:
  PassObserver& first_;
  PassObserver& second_;
};

/// The same of time steps.
class BothTimes : public TimeObserver {
 public:
  BothTimes(TimeObserver& first, TimeObserver& second) : first_(first), second_(second) {}
  void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                    int log2_scale) override {
    first_.on_time_step(t, reverse, quantity, values, log2_scale);
    second_.on_time_step(t, reverse, quantity, values, log2_scale);
  }

 private:
  TimeObserver& first_;
  TimeObserver& second_;
};

}  // namespace plumb
