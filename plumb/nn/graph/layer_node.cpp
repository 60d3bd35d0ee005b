// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/layer_node.h"

#include <algorithm>
#include <utility>

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

LayerNode::LayerNode(Place place, std::unique_ptr<Layer> layer)
    : Node(std::move(place)), layer_(std::move(layer)) {}

TensorPlan LayerNode::plan(const TensorPlan& x, Planner& planner) {
  const LayerLayouts layouts =
      planner.row_major_only ? LayerLayouts{} : layer_->layouts(x.shape, x.layout);
  const TensorPlan planned{layer_->output_shape(x.shape), layouts.y};
  layer_->plan(x.shape);
  x_reordered_ = layouts.x == x.layout ? Tensor() : Tensor(x.shape, planner.dtype, layouts.x);
  y = Tensor(planned.shape, planner.dtype, planned.layout);
  planner.largest = std::max(planner.largest, planned.shape.size());
  return planned;
}

void LayerNode::forward(ConstView x, const ForwardPass& pass) {
  if (x_reordered_) {
    reorder(x, x_reordered_.view(), pass.context.pool);
    x = std::as_const(x_reordered_).view();
  }
  layer_->forward(x, y.view(), pass.context);
  pass.show_output(*this, x, y.view());
}

std::optional<Gradient> LayerNode::backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                            const BackwardPass& pass) {
  const Layout came_in = x.layout;
  if (x_reordered_) x = std::as_const(x_reordered_).view();
  meet_scale(*layer_, grad_y.log2_scale);
  Gradient grad_x;
  if (want_grad_x) grad_x = pass.pool.acquire(x.shape, x.layout, grad_y.log2_scale);
  layer_->backward(x, y.view(), grad_y.values, grad_x.values, pass.context);
  grad_x.log2_scale += note_scale(*layer_, grad_y.log2_scale);
  pass.tell_ready(*this);
  if (!want_grad_x) return std::nullopt;
  return pass.in_layout(grad_x, came_in);
}

}  // namespace plumb
