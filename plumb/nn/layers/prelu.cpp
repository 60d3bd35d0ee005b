// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/prelu.h"

#include <algorithm>

#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/layers/activation.h"

namespace plumb {

namespace {
constexpr std::int64_t kBlock = kElementwiseGrain;
}  // namespace

Prelu::Prelu(DType dtype, double slope) : weight_("weight", {1}, dtype, 0, 0) {
  dispatch(dtype, [&]<class T>(T) { weight_.value.as<T>()[0] = static_cast<T>(slope); });
}

double Prelu::slope() const {
  return dispatch(weight_.value.dtype(),
                  [&]<class T>(T) { return static_cast<double>(weight_.value.as<T>()[0]); });
}

std::optional<ActivationTraits> Prelu::traits() const {
  return find_activation("prelu")->define({.numbers = {slope()}, .given = 1, .word = {}}).traits;
}

void Prelu::forward(ConstView x, View y, const Context& context) {
  const ref::LeakyRelu op{slope()};
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    context.pool.run(x.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
      elementwise_forward(op, from + begin, to + begin, end - begin);
    });
  });
}

void Prelu::backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                     const Context& context) {
  const ref::LeakyRelu op{slope()};
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    accumulate_grad_weight(x_data, g_data, x.shape.size(), context);
    if (!grad_x) return;
    const T* const y_data = y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    context.pool.run(x.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
      elementwise_vjp(op, x_data + begin, y_data + begin, g_data + begin, to + begin, end - begin);
    });
  });
}

template <class T>
void Prelu::accumulate_grad_weight(const T* x, const T* grad_y, std::int64_t count,
                                   const Context& context) {
  const std::int64_t blocks = (count + kBlock - 1) / kBlock;
  block_sums_.resize(static_cast<std::size_t>(blocks));
  context.pool.run(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      double sum = 0;
      const std::int64_t last = std::min(count, (block + 1) * kBlock);
      for (std::int64_t i = block * kBlock; i < last; ++i) {
        sum += x[i] > T(0) ? 0.0 : static_cast<double>(x[i]) * static_cast<double>(grad_y[i]);
      }
      block_sums_[static_cast<std::size_t>(block)] = sum;
    }
  });
  double total = 0;
  for (const double sum : block_sums_) total += sum;
  T& grad = weight_.grad.as<T>()[0];
  grad = static_cast<T>(weight_.grad_is_zero ? total : static_cast<double>(grad) + total);
  weight_.grad_is_zero = false;
}

bool Prelu::derivative(ConstView x, ConstView y, View derivative) const {
  const ref::LeakyRelu op{slope()};
  dispatch(x.dtype, [&]<class T>(T) {
    elementwise_vjp<ref::LeakyRelu, T>(op, x.as<T>().data(), y.as<T>().data(), nullptr,
                                       derivative.as<T>().data(), x.shape.size());
  });
  return true;
}

DerivativeScan Prelu::scan_derivative(ConstView x, ConstView y, double limit) const {
  const ref::LeakyRelu op{slope()};
  return dispatch(x.dtype, [&]<class T>(T) {
    return elementwise_scan<ref::LeakyRelu, T>(op, x.as<T>().data(), y.as<T>().data(),
                                               x.shape.size(), limit);
  });
}

std::unique_ptr<Layer> make_prelu(LayerRequest& request) {
  const auto arguments = read_activation_arguments(*find_activation("prelu"), request.arguments);
  return std::make_unique<Prelu>(request.dtype, arguments.numbers[0]);
}

}  // namespace plumb
