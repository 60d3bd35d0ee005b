// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "plumb/core/view.h"

namespace plumb {

class Node;

/// What came back to the input of a join by one of its ways. The true value is `values *
/// 2^log2_scale`.
struct WayGradient {
  ConstView values;
  int log2_scale = 0;
};

/// Reads the tensors of one forward or backward pass at the moment they are complete, while they
/// are still in the cache. It must not change them. The true value of a gradient is `values *
/// 2^log2_scale`. Threads: called by the one that runs the network.
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
  /// In the backward pass, at a join's input, before they are added up: one for each of
  /// Node::ways(), in their order, all of one shape.
  virtual void on_join(const Node& /*node*/, std::span<const WayGradient> /*ways*/) {}
  /// At the end of the backward pass: dLoss/dx of the network's input.
  virtual void on_input_gradient(ConstView /*grad_x*/, int /*log2_scale*/) {}
};

/// Called in a backward pass after the node's own backward: the gradients of its parameters are
/// complete, and its parameters are not read again in this pass. It may change them: an optimiser
/// that does finds them in the cache. Threads: as PassObserver.
class GradientReady {
 public:
  virtual ~GradientReady() = default;
  virtual void on_gradients(const Node& node) = 0;
};

}  // namespace plumb
