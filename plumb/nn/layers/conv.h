// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plumb/kernels/convolution_shape.h"
#include "plumb/kernels/fast/convolution.h"
#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// A 2-D convolution (cross-correlation, as every framework means it).
///
///   y[n, o, i, j] = bias[o] + sum over c, k, l of
///                   weight[o, c, k, l] x[n, c, i stride - pad + k, j stride - pad + l]
///
/// c runs over the input channels of o's group; x is 0 outside of the image. By default there is
/// one group, stride 1 and a padding of (size - 1) / 2, rounded down: at stride 1 a window of odd
/// size keeps height and width.
///
/// Shapes  x [batch, in, height, width] or, with one channel, [batch, height, width]; weight [out, in
///         / groups, window height, window width]; bias [out] (absent with bias=false); y [batch,
///         out, y_height, y_width], y_height = (height + 2 pad - size) / stride + 1, rounded down.
/// vjp     grad_x: each grad_y goes back to the inputs it saw, times its weights; grad_weight += sum
///         of grad_y times the input that the weight met; grad_bias += sum of grad_y.
/// Units   Both parameters have fan_in = in / groups * window area, fan_out = out / groups * window
///         area. They start at 0: nn/init fills them.
/// Errors  ShapeError if x is no image of `in` channels, or smaller than the window.
/// Threads Images of the batch are split; in double grad_weight by output channels. The same thread
///         count gives the same bits.
/// Source  LeCun et al. 1989; arguments and layout of weight as torch.nn.Conv2d.
class Conv final : public Layer {
 public:
  /// sizes: of one image and of the window; its batch does not matter. `path` names the layer in
  /// errors.
  Conv(const ConvolutionShape& sizes, bool bias, DType dtype, std::string path);

  std::string_view kind() const override { return "conv"; }
  LayerFamily family() const override { return LayerFamily::linear; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& x, Layout offered) const override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }
  double outputs_per_input() const override;

 private:
  ConvolutionShape sizes_for(const Shape& x) const;
  void forward_double(const ConvolutionShape& sizes, ConstView x, View y, const Context& context);
  void backward_double(const ConvolutionShape& sizes, ConstView x, ConstView grad_y, View grad_x,
                       const Context& context);

  ConvolutionShape sizes_;
  std::string path_;
  std::vector<Param> params_;  ///< weight, then bias if there is one
  fast::Convolution fast_;
};

std::unique_ptr<Layer> make_conv(LayerRequest& request);

}  // namespace plumb
