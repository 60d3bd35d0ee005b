// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/chain.h"

#include <utility>

namespace plumb {

Shape NodeChain::output_shape(Shape x) const {
  for (const Node& node : *this) x = node.output_shape(x);
  return x;
}

TensorPlan NodeChain::plan(TensorPlan x, Planner& planner) {
  for (const auto& node : nodes_) x = node->plan(x, planner);
  return x;
}

ConstView NodeChain::forward(ConstView x, const ForwardPass& pass) {
  for (const auto& node : nodes_) {
    node->forward(x, pass);
    x = node->y.view();
  }
  return x;
}

std::optional<Gradient> NodeChain::backward(ConstView x, Gradient grad_y, bool want_grad_x,
                                            const BackwardPass& pass) {
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const ConstView node_x = i > 0 ? ConstView(nodes_[i - 1]->y.view()) : x;
    const bool want = i > 0 || want_grad_x;
    pass.show_gradient(*nodes_[i], grad_y);
    const auto grad_x = nodes_[i]->backward(node_x, grad_y, want, pass);
    pass.pool.release(grad_y);
    if (!grad_x) return std::nullopt;
    grad_y = *grad_x;
  }
  return grad_y;
}

}  // namespace plumb
