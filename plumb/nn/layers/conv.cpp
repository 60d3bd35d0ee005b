// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/conv.h"

#include "plumb/kernels/ref/convolution.h"
#include "plumb/nn/layers/image_shape.h"

namespace plumb {

Conv::Conv(const ConvolutionShape& sizes, bool bias, DType dtype, std::string path)
    : sizes_(sizes), path_(std::move(path)) {
  const std::int64_t fan_in = sizes.in_per_group() * sizes.taps();
  const std::int64_t fan_out = sizes.out_per_group() * sizes.taps();
  const Shape weight{sizes.out, sizes.in_per_group(), sizes.window.vertical.size,
                     sizes.window.horizontal.size};
  params_.emplace_back("weight", weight, dtype, fan_in, fan_out);
  if (bias) params_.emplace_back("bias", Shape{sizes.out}, dtype, fan_in, fan_out);
}

Shape Conv::output_shape(const Shape& x) const {
  const Shape images = as_images(x, path_);
  if (images[1] != sizes_.in) {
    throw ShapeError(image_place(path_, x) + std::to_string(sizes_.in) + " channels");
  }
  return slide(images, sizes_.out, sizes_.window, path_);
}

/// Blocks of channels suit oneDNN if they fill both sides of every group, or if each channel is a
/// group of its own.
LayerLayouts Conv::layouts(const Shape& /*x*/, Layout offered) const {
  if (params_[0].value.dtype() != DType::f32) return {};
  const Layout fast = fast::preferred_layout();
  const std::int64_t block = channel_block(fast);
  const bool depthwise = sizes_.in_per_group() == 1 && sizes_.out_per_group() == 1;
  const bool fits = sizes_.out % block == 0 &&
                    (sizes_.groups == 1 || depthwise ||
                     (sizes_.in_per_group() % block == 0 && sizes_.out_per_group() % block == 0));
  return {offered, fits ? fast : Layout::row_major};
}

double Conv::outputs_per_input() const {
  return static_cast<double>(sizes_.out_per_group() * sizes_.taps()) /
         static_cast<double>(sizes_.window.vertical.stride * sizes_.window.horizontal.stride);
}

ConvolutionShape Conv::sizes_for(const Shape& x) const {
  ConvolutionShape sizes = sizes_;
  sizes.batch = x[0];
  sizes.height = x[x.rank() - 2];
  sizes.width = x[x.rank() - 1];
  return sizes;
}

void Conv::forward(ConstView x, View y, const Context& context) {
  const ConvolutionShape sizes = sizes_for(x.shape);
  if (x.dtype == DType::f64) return forward_double(sizes, x, y, context);
  const float* const bias = params_.size() > 1 ? params_[1].value.as<float>().data() : nullptr;
  fast_.forward(sizes, x.layout, y.layout, x.as<float>().data(),
                params_[0].value.as<float>().data(), bias, y.as<float>().data(), context.pool);
}

void Conv::forward_double(const ConvolutionShape& sizes, ConstView x, View y,
                          const Context& context) {
  const double* const x_data = x.as<double>().data();
  const double* const weight = params_[0].value.as<double>().data();
  const double* const bias = params_.size() > 1 ? params_[1].value.as<double>().data() : nullptr;
  double* const y_data = y.as<double>().data();
  context.pool.run(sizes.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      ref::convolve(sizes, x_data + n * sizes.x_row(), weight, bias, y_data + n * sizes.y_row());
    }
  });
}

namespace {
/// Whether the old gradient counts; afterwards it does.
bool take_accumulate(Param& param) {
  const bool accumulate = !param.grad_is_zero;
  param.grad_is_zero = false;
  return accumulate;
}
}  // namespace

void Conv::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                    const Context& context) {
  const ConvolutionShape sizes = sizes_for(x.shape);
  if (x.dtype == DType::f64) return backward_double(sizes, x, grad_y, grad_x, context);
  const bool bias = params_.size() > 1;
  const bool accumulate_weight = take_accumulate(params_[0]);
  const bool accumulate_bias = bias && take_accumulate(params_[1]);
  fast_.vjp_params(sizes, x.layout, grad_y.layout, x.as<float>().data(), grad_y.as<float>().data(),
                   accumulate_weight, params_[0].grad.as<float>().data(), accumulate_bias,
                   bias ? params_[1].grad.as<float>().data() : nullptr, context.pool);
  if (!grad_x) return;
  fast_.vjp_x(sizes, grad_x.layout, grad_y.layout, params_[0].value.as<float>().data(),
              grad_y.as<float>().data(), grad_x.as<float>().data(), context.pool);
}

void Conv::backward_double(const ConvolutionShape& sizes, ConstView x, ConstView grad_y,
                           View grad_x, const Context& context) {
  const double* const x_data = x.as<double>().data();
  const double* const g_data = grad_y.as<double>().data();
  for (Param& param : params_) {
    if (!take_accumulate(param)) param.grad.fill_zero();
  }
  double* const grad_weight = params_[0].grad.as<double>().data();
  double* const grad_bias = params_.size() > 1 ? params_[1].grad.as<double>().data() : nullptr;
  context.pool.run(sizes.out, 1, [&](std::int64_t begin, std::int64_t end) {
    ref::convolve_vjp_weight(sizes, x_data, g_data, begin, end, grad_weight);
    if (grad_bias) ref::convolve_vjp_bias(sizes, g_data, begin, end, grad_bias);
  });
  if (!grad_x) return;
  const double* const weight = params_[0].value.as<double>().data();
  double* const grad_x_data = grad_x.as<double>().data();
  context.pool.run(sizes.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      ref::convolve_vjp_x(sizes, weight, g_data + n * sizes.y_row(),
                          grad_x_data + n * sizes.x_row());
    }
  });
}

std::unique_ptr<Layer> make_conv(LayerRequest& request) {
  SpecArguments& arguments = request.arguments;
  ConvolutionShape sizes;
  sizes.out = arguments.positive_integer(0, "the number of channels");
  const auto size = arguments.positive_pair(1, "the window");
  const auto stride = arguments.pair("stride", {1, 1}, 1);
  const auto pad = arguments.pair("pad", {(size[0] - 1) / 2, (size[1] - 1) / 2}, 0);
  sizes.groups = arguments.integer("groups", 1, 1);
  const bool bias = arguments.boolean("bias", true);
  arguments.done();

  const Shape images = as_images(request.x, "");
  sizes.in = images[1];
  sizes.height = images[2];
  sizes.width = images[3];
  sizes.window = {{size[0], stride[0], pad[0]}, {size[1], stride[1], pad[1]}};
  if (sizes.in % sizes.groups != 0 || sizes.out % sizes.groups != 0) {
    throw ShapeError(std::to_string(sizes.groups) + " groups of " + std::to_string(sizes.in) +
                     " input and " + std::to_string(sizes.out) +
                     " output channels, expected a divisor of both");
  }
  return std::make_unique<Conv>(sizes, bias, request.dtype, request.path);
}

}  // namespace plumb
