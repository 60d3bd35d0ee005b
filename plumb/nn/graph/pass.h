// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/nn/graph/gradient_pool.h"
#include "plumb/nn/graph/pass_observer.h"
#include "plumb/nn/layer.h"

namespace plumb {

/// A tensor that stands between two nodes: its shape, batch included, and its order in memory.
struct TensorPlan {
  Shape shape;
  Layout layout = Layout::row_major;
};

/// What planning hands from node to node, and what it finds out on the way.
struct Planner {
  DType dtype = DType::f32;
  bool row_major_only = false;  ///< no node gets anything but row-major tensors
  bool sides_differ = false;    ///< found: a join needs one layout and would have got two
  std::int64_t largest = 0;     ///< found: elements of the largest tensor
};

/// What a forward pass hands from node to node.
struct ForwardPass {
  const Context& context;
  PassObserver* observer = nullptr;

  void show_output(const Node& node, ConstView x, ConstView y) const {
    if (observer != nullptr) observer->on_output(node, x, y);
  }
};

/// What a backward pass hands from node to node: where gradients are kept and who is told of them.
struct BackwardPass {
  const Context& context;
  GradientPool& pool;
  PassObserver* observer = nullptr;
  GradientReady* ready = nullptr;

  /// Of the shape, layout and scale of another; its values are not set.
  Gradient acquire_like(const Gradient& other) const;
  /// The gradient as it is, or a copy in the other layout and the old one released.
  Gradient in_layout(Gradient gradient, Layout layout) const;
  /// To the observer, if there is one; then brings it into the safe band for the node's backward.
  void show_gradient(const Node& node, Gradient& grad_y) const;
  void tell_ready(const Node& node) const {
    if (ready != nullptr) ready->on_gradients(node);
  }
};

}  // namespace plumb
