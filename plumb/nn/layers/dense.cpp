// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/dense.h"

#include <algorithm>

#include "plumb/kernels/matrix.h"

namespace plumb {

namespace {

/// Rows a thread takes at least, so that a chunk is worth waking a thread for (about 5 us).
std::int64_t row_grain(std::int64_t multiplies_per_row) {
  constexpr std::int64_t kMultipliesPerChunk = 1 << 19;
  constexpr std::int64_t kRowBlock = 16;  // the matrix kernels work on blocks of rows
  const std::int64_t rows = kMultipliesPerChunk / std::max<std::int64_t>(multiplies_per_row, 1);
  return (rows / kRowBlock + 1) * kRowBlock;
}

/// 0 where the old gradient is stale, 1 where it counts; afterwards it counts.
template <class T>
T take_beta(Param& param) {
  const T beta = param.grad_is_zero ? T(0) : T(1);
  param.grad_is_zero = false;
  return beta;
}

}  // namespace

Dense::Dense(std::int64_t in, std::int64_t out, bool bias, DType dtype, std::string path)
    : in_(in), out_(out), path_(std::move(path)) {
  params_.emplace_back("weight", Shape{out, in}, dtype, in, out);
  if (bias) params_.emplace_back("bias", Shape{out}, dtype, in, out);
}

Shape Dense::output_shape(const Shape& x) const {
  if (x.rank() < 2 || x.rank() > 3 || x[x.rank() - 1] != in_) {
    throw ShapeError((path_.empty() ? "dense" : path_) + ": x has shape " + x.to_string() +
                     ", expected [batch, " + (x.rank() == 3 ? "steps, " : "") +
                     std::to_string(in_) + "]");
  }
  return x.rank() == 2 ? Shape{x[0], out_} : Shape{x[0], x[1], out_};
}

void Dense::forward(ConstView x, View y, const Context& context) {
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const weight = params_[0].value.as<T>().data();
    const T* const bias = params_.size() > 1 ? params_[1].value.as<T>().data() : nullptr;
    T* const y_data = y.as<T>().data();
    context.pool.run(x.shape.size() / in_, row_grain(in_ * out_), [&](auto begin, auto end) {
      // [rows, in] x [out, in]^T -> [rows, out]
      linear(end - begin, out_, in_, x_data + begin * in_, weight, bias, y_data + begin * out_);
    });
  });
}

void Dense::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                     const Context& context) {
  const std::int64_t batch = x.shape.size() / in_;  // rows; of sequences, one for each step
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    T* const grad_weight = params_[0].grad.as<T>().data();
    T* const grad_bias = params_.size() > 1 ? params_[1].grad.as<T>().data() : nullptr;
    const T weight_beta = take_beta<T>(params_[0]);
    const T bias_beta = grad_bias ? take_beta<T>(params_[1]) : T(0);
    context.pool.run(out_, row_grain(in_ * batch), [&](auto begin, auto end) {
      const auto rows = end - begin;
      // [batch, rows]^T x [batch, in] -> [rows, in]
      gemm(Transpose::yes, Transpose::no, rows, in_, batch, g_data + begin, out_, x_data, in_,
           weight_beta, grad_weight + begin * in_, in_);
      if (grad_bias) column_sums(g_data + begin, batch, rows, out_, bias_beta, grad_bias + begin);
    });
    if (!grad_x) return;
    const T* const weight = params_[0].value.as<T>().data();
    T* const grad_x_data = grad_x.as<T>().data();
    context.pool.run(batch, row_grain(in_ * out_), [&](auto begin, auto end) {
      // [rows, out] x [out, in] -> [rows, in]
      gemm(Transpose::no, Transpose::no, end - begin, in_, out_, g_data + begin * out_, out_,
           weight, in_, T(0), grad_x_data + begin * in_, in_);
    });
  });
}

std::unique_ptr<Layer> make_dense(LayerRequest& request) {
  const std::int64_t units = request.arguments.positive_integer(0, "the number of units");
  const bool bias = request.arguments.boolean("bias", true);
  request.arguments.done();
  const int rank = request.x.rank();
  if (rank < 2 || rank > 3) {
    throw ShapeError("x has shape " + request.x.row_shape().to_string() +
                     " a sample, expected [features] or [steps, features]; put flatten before "
                     "dense");
  }
  return std::make_unique<Dense>(request.x[rank - 1], units, bias, request.dtype, request.path);
}

}  // namespace plumb
