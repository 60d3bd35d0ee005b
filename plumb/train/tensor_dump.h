// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plumb/nn/graph/network.h"
#include "plumb/nn/time_observer.h"

namespace plumb {

/// Copies every tensor of one pass, in double and with its true value, for any other program to
/// check:
///   <name>                  each parameter
///   grad/<name>             its gradient
///   <name>                  each running statistic ("1.running_mean"), moved on by this pass
///   x                       the input; grad_x its gradient
///   out/<position>          the output of each position of the chain ("3", inside a res "5.0", the shortcut "5.proj")
///   grad_out/<position>     the loss gradient with respect to it
///   mask/<position>         of a dropout: what each element was multiplied with, 0 or 1 / (1 - P)
///   transform/<position>    of a highway: T
///   way/<position>/branch   of a residual block or highway: what came back to its input through the branch,
///   way/<position>/shortcut   through the shortcut (of a highway: what was carried),
///   way/<position>/gate       and through a highway's gate; their sum is the gradient of that input
///   time/<position>/<quantity>  of a recurrent layer: [steps, batch, hidden], each TimeQuantity that it tells ("h",
///                               "forget_gate", "grad_h_by_carry"); those of the reverse direction are
///                               time/<position>/reverse/<quantity>. Places are time steps of the input, and
///                               NaN where a quantity is not told (a part that arrives before the first step).
/// A true value beyond the range of double becomes 0 or infinity.
class TensorDump : public PassObserver, public TimeObserver {
 public:
  explicit TensorDump(const Network& network) : network_(network) {}

  void on_output(const Node& node, ConstView x, ConstView y) override;
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override;
  void on_join(const Node& node, std::span<const WayGradient> ways) override;
  void on_input_gradient(ConstView grad_x, int log2_scale) override;
  void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                    int log2_scale) override;

  /// Adds the parameters, their gradients and the running statistics, and writes everything as NPZ.
  void write(const std::string& path);

 private:
  struct TimeStep {
    std::int64_t t = 0;
    std::string name;  ///< "grad_h", "reverse/grad_h"
    Tensor values;
  };

  void add(std::string name, ConstView values, int log2_scale);
  /// Stacks what was told of a layer's time steps since the last call.
  void add_time_steps(const Node& node);

  const Network& network_;
  std::vector<std::pair<std::string, Tensor>> arrays_;
  std::vector<TimeStep> steps_;     ///< by the layer that runs
  const Node* backward_ = nullptr;  ///< the node whose gradient came last
};

}  // namespace plumb
