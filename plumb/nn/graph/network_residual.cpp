// SPDX-License-Identifier: Apache-2.0
// The passes through residual nodes.
#include <algorithm>
#include <utility>

#include "plumb/nn/graph/join.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/reorder.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

bool is_zero(const Gradient& gradient) {
  return dispatch(gradient.values.dtype, [&]<class T>(T) {
    return abs_max(std::span<const T>(gradient.values.as<T>())) == 0;
  });
}

/// The scale that both summands are brought to: the larger one, where a summand of nothing but
/// zeros has no say.
int common_scale(const Gradient& a, const Gradient& b) {
  if (is_zero(a)) return b.log2_scale;
  if (is_zero(b)) return a.log2_scale;
  return std::max(a.log2_scale, b.log2_scale);
}

/// A branch of zeros (a learned scale at its start) leaves the other way its bits, those of -0 too.
bool leaves_bits(const Gradient& gradient) {
  return dispatch(gradient.values.dtype, [&]<class T>(T) {
    const auto values = gradient.values.as<T>();
    return std::all_of(values.begin(), values.end(), [](T value) { return value == 0; });
  });
}

void add(Gradient& sum, const Gradient& term) {
  if (leaves_bits(sum)) {
    scaled_copy(term.values, 1, sum.values);
    sum.log2_scale = term.log2_scale;
    return;
  }
  const int scale = common_scale(sum, term);
  add_scaled(sum.values, sum.log2_scale - scale, term.values, term.log2_scale - scale);
  sum.log2_scale = scale;
}

/// grad += <grad_y, branch>
void add_alpha_gradient(Param& alpha, ConstView grad_y, ConstView branch) {
  const double product = dot(grad_y, branch);
  dispatch(alpha.grad.dtype(), [&]<class T>(T) {
    T& grad = alpha.grad.as<T>()[0];
    grad = static_cast<T>(alpha.grad_is_zero ? product : static_cast<double>(grad) + product);
  });
  alpha.grad_is_zero = false;
}

}  // namespace

double branch_scale(const Node& node) {
  if (node.alpha.empty()) return node.scale;
  const Tensor& alpha = node.alpha.front().value;
  return dispatch(alpha.dtype(), [&]<class T>(T) { return static_cast<double>(alpha.as<T>()[0]); });
}

Network::Plan Network::plan_residual(Node& node, const Plan& x) {
  const Plan branch = plan_chain(node.branch, x);
  const Plan shortcut = plan_chain(node.shortcut, x);
  if (node.gate) {
    const Plan gate = plan_layer(*node.gate, x);
    if (x.layout != branch.layout || gate.layout != branch.layout) row_major_only_ = true;
    node.transform = Tensor(branch.shape, options_.dtype, branch.layout);
  }
  node.shortcut_reordered = shortcut.layout == branch.layout || node.gate
                                ? Tensor()
                                : Tensor(branch.shape, options_.dtype, branch.layout);
  node.y = Tensor(branch.shape, options_.dtype, branch.layout);
  return branch;
}

void Network::forward_residual(Node& node, ConstView x, const Context& context,
                               PassObserver* observer) {
  const ConstView branch = forward_chain(node.branch, x, context, observer);
  if (node.gate) {
    forward_node(*node.gate, x, context, observer);
    highway_forward(x, branch, node.gate->y.view(), node.transform.view(), node.y.view());
    return;
  }
  ConstView shortcut = forward_chain(node.shortcut, x, context, observer);
  if (node.shortcut_reordered) {
    reorder(shortcut, node.shortcut_reordered.view(), context.pool);
    shortcut = std::as_const(node.shortcut_reordered).view();
  }
  join_forward(shortcut, branch, branch_scale(node), node.y.view());
}

std::optional<Gradient> Network::backward_residual(Node& node, ConstView x, const Gradient& grad_y,
                                                   bool want_grad_x, const Context& context,
                                                   PassObserver* observer) {
  if (node.gate) return backward_highway(node, x, grad_y, want_grad_x, context, observer);
  Gradient into_branch =
      pool_->acquire(grad_y.values.shape, grad_y.values.layout, grad_y.log2_scale);
  scaled_copy(grad_y.values, branch_scale(node), into_branch.values);
  if (!node.alpha.empty()) {
    bring_to_scale(node.params(), grad_y.log2_scale);
    add_alpha_gradient(node.alpha.front(), grad_y.values, node.branch.back().y.view());
    if (ready_ != nullptr) ready_->on_gradients(node);
  }
  auto branch = backward_chain(node.branch, x, into_branch, want_grad_x, context, observer);

  // The caller keeps grad_y and releases it; a chain releases what it is given.
  const Layout at_end = node.shortcut.empty() ? x.layout : node.shortcut.back().y.layout();
  Gradient shortcut = in_layout({nullptr, grad_y.values, grad_y.log2_scale}, at_end, context);
  if (!node.shortcut.empty()) {
    auto through = backward_chain(node.shortcut, x, shortcut, want_grad_x, context, observer);
    if (!through) return std::nullopt;
    shortcut = *through;
  }
  if (!branch) {
    pool_->release(shortcut);
    return std::nullopt;
  }
  if (observer != nullptr) {
    observer->on_join(
        node, {branch->values, branch->log2_scale, shortcut.values, shortcut.log2_scale, {}, 0});
  }
  add(*branch, shortcut);
  pool_->release(shortcut);
  return branch;
}

std::optional<Gradient> Network::backward_highway(Node& node, ConstView x, const Gradient& grad_y,
                                                  bool want_grad_x, const Context& context,
                                                  PassObserver* observer) {
  const auto acquire = [&] {
    return pool_->acquire(grad_y.values.shape, grad_y.values.layout, grad_y.log2_scale);
  };
  Gradient into_branch = acquire();
  Gradient carried = acquire();
  Gradient into_gate = acquire();
  highway_backward(x, node.branch.back().y.view(), node.gate->y.view(), node.transform.view(),
                   grad_y.values, into_branch.values, carried.values, into_gate.values);
  show_gradient(*node.gate, into_gate, observer);
  const auto gate = backward_layer(*node.gate, x, into_gate, want_grad_x, context);
  pool_->release(into_gate);
  auto branch = backward_chain(node.branch, x, into_branch, want_grad_x, context, observer);
  if (!branch || !gate) {
    pool_->release(carried);
    return std::nullopt;
  }
  if (observer != nullptr) {
    observer->on_join(node, {branch->values, branch->log2_scale, carried.values, carried.log2_scale,
                             gate->values, gate->log2_scale});
  }
  add(*branch, carried);
  add(*branch, *gate);
  pool_->release(carried);
  pool_->release(*gate);
  return branch;
}

}  // namespace plumb
