// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/core/layout.h"
#include "plumb/core/parallel.h"
#include "plumb/kernels/convolution_shape.h"

namespace plumb::fast {

/// The order of channels in which this machine convolves fastest: blocks as wide as a vector.
Layout preferred_layout();

/// The products of one convolution, as ref/convolution.h over a whole batch, with the tensors in
/// the layouts given. oneDNN's primitives and the memory they need are prepared for the first call
/// of each kind and kept for the next ones of the same shape, layouts and thread count; where
/// oneDNN wants an order that a tensor is not in, it is reordered on the way. Weights are plain
/// [out, in / groups, height, width] outside.
///
/// Threads The batch is split over the pool; each chunk sums the parameters' gradients by itself, and
///         the chunks are added in order: the same thread count gives the same bits.
/// Errors  std::runtime_error if oneDNN fails.
class Convolution {
 public:
  Convolution();
  ~Convolution();
  Convolution(Convolution&&) noexcept;
  Convolution& operator=(Convolution&&) noexcept;

  /// y = x * weight + bias; bias may be null.
  void forward(const ConvolutionShape& shape, Layout x_layout, Layout y_layout, const float* x,
               const float* weight, const float* bias, float* y, ThreadPool& pool);
  /// grad_x, overwritten.
  void vjp_x(const ConvolutionShape& shape, Layout x_layout, Layout y_layout, const float* weight,
             const float* grad_y, float* grad_x, ThreadPool& pool);
  /// grad_weight and grad_bias (which may be null), added to or overwritten.
  void vjp_params(const ConvolutionShape& shape, Layout x_layout, Layout y_layout, const float* x,
                  const float* grad_y, bool accumulate_weight, float* grad_weight,
                  bool accumulate_bias, float* grad_bias, ThreadPool& pool);

 private:
  class Forward;
  class VjpX;
  class VjpParams;
  std::unique_ptr<Forward> forward_;
  std::unique_ptr<VjpX> vjp_x_;
  std::unique_ptr<VjpParams> vjp_params_;
};

}  // namespace plumb::fast
