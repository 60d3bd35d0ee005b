// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "plumb/nn/graph/chain.h"
#include "plumb/nn/graph/join_table.h"

namespace plumb {

/// y = T branch(x) + (1 - T) x,  T = sigmoid(gate(x)), elementwise.
///
/// The gate is a linear layer of its own, "5.gate": dense of [features], a 3x3 convolution of
/// images; its bias starts at `bias=V`, -2 by default. Shapes: the branch's y is x's.
/// vjp  into the branch T grad_y, carried (1 - T) grad_y, into the gate
///      grad_y (branch(x) - x) sigmoid'(z); grad_x is the sum of what comes back.
/// Source  Srivastava, Greff, Schmidhuber 2015, arXiv:1505.00387, eq. 3.
class HighwayJoin : public Node {
 public:
  /// gate: one linear layer.
  HighwayJoin(Place place, NodeChain branch, std::unique_ptr<Node> gate, double gate_bias);

  std::string_view kind() const override { return "highway"; }
  LayerFamily family() const override { return LayerFamily::residual; }
  std::span<Param> params() override { return {}; }
  std::span<NodeWay> ways() override { return ways_; }
  ConstView transform() const override { return transform_.view(); }
  Shape output_shape(const Shape& x) const override { return ways_[0].chain.output_shape(x); }
  std::int64_t kept_values(const Shape& shape) const override { return 2 * shape.size(); }

  void start_params() override;
  TensorPlan plan(const TensorPlan& x, Planner& planner) override;
  void forward(ConstView x, const ForwardPass& pass) override;
  std::optional<Gradient> backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                   const BackwardPass& pass) override;

 private:
  NodeChain& branch() { return ways_[0].chain; }
  NodeChain& gate() { return ways_[2].chain; }

  std::array<NodeWay, 3> ways_;  ///< the second is x itself
  double gate_bias_;
  Tensor transform_;  ///< T
};

/// highway [bias=V] [chain]
std::unique_ptr<Node> make_highway_join(JoinRequest& request);

}  // namespace plumb
