// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/graph/node.h"

namespace plumb {

/// A layer in its place: brings x into the layout that the layer takes, and its gradients to one
/// scale.
class LayerNode : public Node {
 public:
  LayerNode(Place place, std::unique_ptr<Layer> layer);

  std::string_view kind() const override { return layer_->kind(); }
  LayerFamily family() const override { return layer_->family(); }
  std::span<Param> params() override { return layer_->params(); }
  std::span<Buffer> buffers() override { return layer_->buffers(); }
  const Layer* layer() const override { return layer_.get(); }
  /// For who puts another layer around it; of the same shapes and parameters.
  std::unique_ptr<Layer>& own_layer() { return layer_; }
  Shape output_shape(const Shape& x) const override { return layer_->output_shape(x); }

  TensorPlan plan(const TensorPlan& x, Planner& planner) override;
  void forward(ConstView x, const ForwardPass& pass) override;
  std::optional<Gradient> backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                   const BackwardPass& pass) override;

 private:
  std::unique_ptr<Layer> layer_;
  Tensor x_reordered_;  ///< x in the layout that the layer takes, where it comes in another
};

}  // namespace plumb
