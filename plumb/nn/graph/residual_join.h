// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "plumb/nn/graph/chain.h"
#include "plumb/nn/graph/join_table.h"

namespace plumb {

/// y = shortcut(x) + S branch(x).
///
/// The shortcut is x itself, a linear projection (`proj`, `proj=bn`) or x cut and padded with zeros
/// (`pad`). S is a constant (`scale=V`), or the learned parameter "alpha" (`alpha=V`; `rezero` is
/// alpha=0). Shapes: the branch's y is the shortcut's.
/// vjp  grad_x = shortcut^T grad_y + branch^T (S grad_y),  grad_alpha = <grad_y, branch(x)>.
/// Source  He et al. 2015, arXiv:1512.03385, eq. 1 and 2; Bachlechner et al. 2020, arXiv:2003.04887 (rezero).
class ResidualJoin : public Node {
 public:
  ResidualJoin(Place place, NodeChain branch, NodeChain shortcut, double scale,
               std::vector<Param> alpha);

  std::string_view kind() const override { return "res"; }
  LayerFamily family() const override { return LayerFamily::residual; }
  std::span<Param> params() override { return alpha_; }
  std::span<NodeWay> ways() override { return ways_; }
  Shape output_shape(const Shape& x) const override { return ways_[0].chain.output_shape(x); }

  TensorPlan plan(const TensorPlan& x, Planner& planner) override;
  void forward(ConstView x, const ForwardPass& pass) override;
  std::optional<Gradient> backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                   const BackwardPass& pass) override;

 private:
  NodeChain& branch() { return ways_[0].chain; }
  NodeChain& shortcut() { return ways_[1].chain; }
  double scale() const;  ///< S as the next pass uses it

  std::array<NodeWay, 2> ways_;
  double scale_;               ///< without alpha
  std::vector<Param> alpha_;   ///< the learned S [1], or nothing
  Tensor shortcut_reordered_;  ///< what the shortcut gives, in the layout of y, where it differs
};

/// res [proj | proj=bn | pad] [scale=V | alpha=V | rezero] [chain]
std::unique_ptr<Node> make_residual_join(JoinRequest& request);

}  // namespace plumb
