// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Batch normalisation: every feature, or every channel of an image, over the batch (and over all
/// positions).
///
///   y = (x - mean_c) / sqrt(var_c + eps) * weight_c + bias_c
///
/// In training mean and var (biased) are those of the batch, and the running statistics move by
/// momentum towards them (running_var towards the unbiased variance); when inferring mean and var
/// are the running ones. With eps = 0 the output does not change when x is scaled.
///
/// Shapes  x [batch, features] or [batch, channels, height, width], y the same; weight, bias,
///         running_mean, running_var [channels].
/// vjp     with x_hat = (x - mean) / sqrt(var + eps), n values a channel, s = weight / sqrt(var + eps):
///           grad_x = s (grad_y - sum(grad_y) / n - x_hat sum(grad_y x_hat) / n)
///           grad_weight += sum(grad_y x_hat);  grad_bias += sum(grad_y)
///         When inferring grad_x = s grad_y. In training grad_x has no component along 1 and none
///         along x_hat: what stands in front gets no gradient for its bias and, where eps does not
///         matter, none along its weight.
/// Units   weight starts at 1, bias at 0, the running mean at 0, the running variance at 1. One value
///         a channel has no deviation: in training y = bias and grad_x = 0 (PyTorch refuses it).
/// Errors  ShapeError for an x that is neither, or has other channels.
/// Threads Split over the batch; the sums do not depend on the thread count.
/// Source  Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1; names and running statistics as in
///         PyTorch.
class BatchNorm final : public Layer {
 public:
  struct Options {
    double eps = 1e-5;
    double momentum = 0.1;
    bool affine = true;
  };
  BatchNorm(std::int64_t channels, const Options& options, DType dtype, std::string path);

  std::string_view kind() const override { return "bn"; }
  LayerFamily family() const override { return LayerFamily::normalisation; }
  Shape output_shape(const Shape& x) const override;
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, offered};
  }
  void plan(const Shape& x) override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }
  std::span<Buffer> buffers() override { return buffers_; }
  const Options& options() const { return options_; }

 private:
  struct Geometry;

  template <class T>
  void find_shift(const Geometry& at, const T* x);
  template <class T>
  void find_statistics(ConstView x, const Context& context);
  template <class T>
  void use_running_statistics();
  template <class T>
  void sum_products(ConstView x, ConstView grad_y, const Context& context);

  std::int64_t channels_;
  Options options_;
  std::string path_;
  std::vector<Param> params_;                         ///< weight, bias
  std::vector<Buffer> buffers_;                       ///< running_mean, running_var
  Tensor mean_, inverse_deviation_, scale_, offset_;  ///< of the last forward; [channels]
  Tensor slope_, centre_;                             ///< of the backward
  std::vector<double> sums_;                          ///< [kBatchPieces][2][channels]
};

std::unique_ptr<Layer> make_batch_norm(LayerRequest& request);

}  // namespace plumb
