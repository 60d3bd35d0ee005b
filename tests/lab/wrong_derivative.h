// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "plumb/nn/graph/layer_node.h"
#include "plumb/nn/graph/network.h"

namespace plumb::test {

/// Hands everything on to a layer but the gradient, which it multiplies by a factor: a derivative
/// that is wrong by that.
class WrongDerivative : public Layer {
 public:
  WrongDerivative(std::unique_ptr<Layer> right, double factor)
      : right_(std::move(right)), factor_(factor) {}
  std::string_view kind() const override { return right_->kind(); }
  LayerFamily family() const override { return right_->family(); }
  Shape output_shape(const Shape& x) const override { return right_->output_shape(x); }
  LayerLayouts layouts(const Shape& x, Layout offered) const override {
    return right_->layouts(x, offered);
  }
  void forward(ConstView x, View y, const Context& context) override {
    right_->forward(x, y, context);
  }
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override {
    right_->backward(x, y, grad_y, grad_x, context);
    if (grad_x.dtype == DType::f64) {
      for (double& g : grad_x.as<double>()) g *= factor_;
    } else {
      for (float& g : grad_x.as<float>()) g *= static_cast<float>(factor_);
    }
  }
  void plan(const Shape& x) override { right_->plan(x); }
  bool derivative(ConstView x, ConstView y, View out) const override {
    return right_->derivative(x, y, out);
  }
  std::optional<ActivationTraits> traits() const override { return right_->traits(); }

 private:
  std::unique_ptr<Layer> right_;
  double factor_;
};

/// Makes the derivative of every activation wrong by a factor.
inline void spoil_activations(Network& network, double factor) {
  for (const Node& node : network.nodes()) {
    if (node.family() != LayerFamily::activation) continue;
    // The network is the test's own, and only lends its nodes read-only.
    auto& layer = dynamic_cast<LayerNode&>(const_cast<Node&>(node)).own_layer();
    layer = std::make_unique<WrongDerivative>(std::move(layer), factor);
  }
}

}  // namespace plumb::test
