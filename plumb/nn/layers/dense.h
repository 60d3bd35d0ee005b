// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// A fully connected layer.
///
///   y = x weight^T + bias
///
/// Shapes  x [batch, in], y [batch, out], weight [out, in], bias [out] (absent with bias=false).
///         x [batch, steps, in] gives y [batch, steps, out], as torch.nn.Linear does: each step is a
///         row.
/// vjp     grad_x = grad_y weight;  grad_weight += grad_y^T x;  grad_bias += column sums of grad_y
/// Units   Both parameters have fan_in = in and fan_out = out. They start at 0: nn/init fills them.
/// Errors  ShapeError if x is not [batch, in] or [batch, steps, in].
/// Threads Rows of y and grad_x and rows of grad_weight are split; small problems stay on one
///         thread. The same thread count gives the same bits.
class Dense final : public Layer {
 public:
  /// `path` names the layer in errors.
  Dense(std::int64_t in, std::int64_t out, bool bias, DType dtype, std::string path);

  std::string_view kind() const override { return "dense"; }
  LayerFamily family() const override { return LayerFamily::linear; }
  Shape output_shape(const Shape& x) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }

 private:
  std::int64_t in_;
  std::int64_t out_;
  std::string path_;
  std::vector<Param> params_;  ///< weight, then bias if there is one
};

std::unique_ptr<Layer> make_dense(LayerRequest& request);

}  // namespace plumb
