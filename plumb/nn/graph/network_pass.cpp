// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "plumb/core/error.h"
#include "plumb/core/signals.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/reorder.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

/// Brings gradients that are there to the scale of grad_y, or tells a layer that rescales inside
/// how far they are from it.
void meet_scale(Layer& layer, int log2_scale) {
  const bool inside = layer.family() == LayerFamily::recurrent;
  for (Param& param : layer.params()) {
    const int above = param.grad_log2_scale - log2_scale;
    if (!inside && !param.grad_is_zero && above != 0) {
      scale_by_power_of_two(param.grad.view(), above);
    }
    param.grad_log2_scale = inside ? above : 0;
  }
}

/// The scale of the parameters' gradients after a backward pass, with what the layer rescaled by
/// inside; returns the latter.
int note_scale(Layer& layer, int log2_scale) {
  const int extra = layer.extra_log2_scale();
  for (Param& param : layer.params()) param.grad_log2_scale = log2_scale + extra;
  return extra;
}

}  // namespace

ConstView Network::forward(const Context& context, PassObserver* observer) {
  require_planned("forward");
  passed_.reset();
  const HeldSignals held;  // once here, so that the products of its layers need not each
  const ConstView y = forward_chain(nodes_, input_.view(), context, observer);
  if (output_) reorder(y, output_.view(), context.pool);
  passed_ = context.mode;
  return output();
}

ConstView Network::forward_chain(std::vector<Node>& nodes, ConstView x, const Context& context,
                                 PassObserver* observer) {
  for (Node& node : nodes) {
    forward_node(node, x, context, observer);
    x = node.y.view();
  }
  return x;
}

void Network::forward_node(Node& node, ConstView x, const Context& context,
                           PassObserver* observer) {
  if (node.x_reordered) {
    reorder(x, node.x_reordered.view(), context.pool);
    x = node.x_reordered.view();
  }
  if (node.is_residual()) {
    forward_residual(node, x, context, observer);
  } else {
    node.layer->forward(x, node.y.view(), context);
  }
  if (observer != nullptr) observer->on_output(node, x, node.y.view());
}

void Network::backward(const Context& context, PassObserver* observer, GradientReady* ready) {
  require_planned("backward");
  if (!passed_) throw UsageError("Network::backward before forward(): call forward(context) first");
  if (*passed_ != context.mode) {
    throw UsageError(
        "Network::backward in another mode than forward(): call forward with this context first");
  }
  if (shared_gradients_ && ready == nullptr && !params_.empty()) {
    throw UsageError(
        "Network::backward with shared gradients and nobody to take them: pass a GradientReady, or "
        "call keep_gradients() first");
  }
  const HeldSignals held;
  ready_ = ready;
  const Gradient top =
      in_layout({nullptr, output_gradient_.view(), 0}, nodes_.back().y.layout(), context);
  const auto grad_x =
      backward_chain(nodes_, input_.view(), top, observer != nullptr, context, observer);
  if (!grad_x) return;
  observer->on_input_gradient(grad_x->values, grad_x->log2_scale);
  pool_->release(*grad_x);
}

std::optional<Gradient> Network::backward_chain(std::vector<Node>& nodes, ConstView x,
                                                Gradient grad, bool want_grad_x,
                                                const Context& context, PassObserver* observer) {
  for (std::size_t i = nodes.size(); i-- > 0;) {
    Node& node = nodes[i];
    const ConstView node_x = i > 0 ? ConstView(nodes[i - 1].y.view()) : x;
    const bool want = i > 0 || want_grad_x;
    show_gradient(node, grad, observer);
    auto grad_x = node.is_residual()
                      ? backward_residual(node, node_x, grad, want, context, observer)
                      : backward_layer(node, node_x, grad, want, context);
    pool_->release(grad);
    if (!grad_x) return std::nullopt;
    grad = *grad_x;
  }
  return grad;
}

void Network::show_gradient(const Node& node, Gradient& grad_y, PassObserver* observer) {
  std::optional<double> largest;
  if (observer != nullptr) {
    observer->on_gradient(node, grad_y.values, grad_y.log2_scale);
    largest = observer->largest_in_gradient();
  }
  keep_in_safe_band(grad_y, largest);
}

/// The gradient as it is, or a copy in the other layout and the old one released.
Gradient Network::in_layout(Gradient gradient, Layout layout, const Context& context) {
  if (gradient.values.layout == layout) return gradient;
  const Gradient copy = pool_->acquire(gradient.values.shape, layout, gradient.log2_scale);
  reorder(gradient.values, copy.values, context.pool);
  pool_->release(gradient);
  return copy;
}

std::optional<Gradient> Network::backward_layer(Node& node, ConstView x, const Gradient& grad_y,
                                                bool want_grad_x, const Context& context) {
  const Layout came_in = x.layout;
  if (node.x_reordered) x = std::as_const(node.x_reordered).view();
  meet_scale(*node.layer, grad_y.log2_scale);
  if (!want_grad_x) {
    node.layer->backward(x, node.y.view(), grad_y.values, View{}, context);
    note_scale(*node.layer, grad_y.log2_scale);
    if (ready_ != nullptr) ready_->on_gradients(node);
    return std::nullopt;
  }
  Gradient grad_x = pool_->acquire(x.shape, x.layout, grad_y.log2_scale);
  node.layer->backward(x, node.y.view(), grad_y.values, grad_x.values, context);
  grad_x.log2_scale += note_scale(*node.layer, grad_y.log2_scale);
  if (ready_ != nullptr) ready_->on_gradients(node);
  return in_layout(grad_x, came_in, context);
}

}  // namespace plumb
