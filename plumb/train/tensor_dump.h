// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plumb/nn/network.h"

namespace plumb {

/// Copies every tensor of one pass, in double and with its true value, for any other program to
/// check:
///   <name>               each parameter
///   grad/<name>          its gradient
///   <name>               each running statistic ("1.running_mean"), moved on by this pass
///   x                    the input; grad_x its gradient
///   out/<position>       the output of each position of the chain ("3", inside a res "5.0", the shortcut "5.proj")
///   grad_out/<position>  the loss gradient with respect to it
/// A true value beyond the range of double becomes 0 or infinity.
class TensorDump : public PassObserver {
 public:
  explicit TensorDump(const Network& network) : network_(network) {}

  void on_output(const Node& node, ConstView x, ConstView y) override;
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override;
  void on_input_gradient(ConstView grad_x, int log2_scale) override;

  /// Adds the parameters, their gradients and the running statistics, and writes everything as NPZ.
  void write(const std::string& path);

 private:
  void add(std::string name, ConstView values, int log2_scale);

  const Network& network_;
  std::vector<std::pair<std::string, Tensor>> arrays_;
};

}  // namespace plumb
