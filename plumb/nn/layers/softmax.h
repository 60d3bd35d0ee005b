// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Shares that add up to 1, over the last axis.
///
///   y_i = e^(x_i) / sum_j e^(x_j)
///
/// Each y depends on all x of its row, so it is no activation: it has no f', and the ledger does
/// not take its attenuation apart. The loss cross_entropy has a softmax of its own, which must not
/// be put before it as well.
///
/// Shapes  x, y [batch, ..., features], the same.
/// vjp     grad_x_i = y_i (grad_y_i - sum_j grad_y_j y_j): none along 1
/// Errors  ShapeError if x has no axis beside the batch, or an empty last one.
/// Threads Split by rows; the bits do not depend on the split.
/// Source  As torch.nn.Softmax(dim=-1); Bridle 1990.
class Softmax final : public Layer {
 public:
  explicit Softmax(std::string path) : path_(std::move(path)) {}
  std::string_view kind() const override { return "softmax"; }
  LayerFamily family() const override { return LayerFamily::other; }
  Shape output_shape(const Shape& x) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;

 private:
  std::string path_;
};

std::unique_ptr<Layer> make_softmax(LayerRequest& request);

}  // namespace plumb
