// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/nn/graph/node.h"

namespace plumb {

/// What comes back to the input of a residual node before it is added up: through the branch, the
/// shortcut and, in a highway, the gate. All have the same shape; the true value of each is values
/// * 2^log2_scale.
struct JoinGradients {
  ConstView branch;
  int branch_log2_scale = 0;
  ConstView shortcut;
  int shortcut_log2_scale = 0;
  ConstView gate;  ///< of nothing without a gate
  int gate_log2_scale = 0;
};

/// Looks at the tensors of one forward or backward pass at the moment they are complete, while they
/// are still in the cache. It must not change them. The true value of a gradient is `values *
/// 2^log2_scale`.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  /// After a node's forward: x and y are its input and output.
  virtual void on_output(const Node& /*node*/, ConstView /*x*/, ConstView /*y*/) {}
  /// Before a node's backward: grad_y is dLoss/dy of that node.
  virtual void on_gradient(const Node& /*node*/, ConstView /*grad_y*/, int /*log2_scale*/) {}
  /// The largest magnitude of the values that on_gradient was shown last, of an observer that knows
  /// it and found all of them finite: the network then need not look for it again.
  virtual std::optional<double> largest_in_gradient() const { return std::nullopt; }
  /// In the backward pass, at a residual node's input.
  virtual void on_join(const Node& /*node*/, const JoinGradients& /*gradients*/) {}
  /// At the end of the backward pass: dLoss/dx of the network's input.
  virtual void on_input_gradient(ConstView /*grad_x*/, int /*log2_scale*/) {}
};

/// Called in a backward pass after the node's own backward: the gradients of its parameters are
/// complete, and its parameters are not read again in this pass. It may change them: an optimiser
/// that does finds them in the cache.
class GradientReady {
 public:
  virtual ~GradientReady() = default;
  virtual void on_gradients(const Node& node) = 0;
};

}  // namespace plumb
