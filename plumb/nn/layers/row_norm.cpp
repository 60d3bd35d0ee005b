// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/row_norm.h"

#include <algorithm>

#include "plumb/nn/layers/normalise.h"

namespace plumb {

namespace {

Shape row_of(const Shape& x) {
  if (x.rank() == 3) return {x[2]};
  return x.row_shape();
}

}  // namespace

RowNorm::RowNorm(const Shape& row, const Options& options, DType dtype, std::string path)
    : row_(row), options_(options), path_(std::move(path)), zero_(row, dtype) {
  if (options.affine) params_ = affine_params(row, dtype, options.centred);
}

Shape RowNorm::output_shape(const Shape& x) const {
  if (x.rank() < 2 || row_of(x) != row_) {
    throw ShapeError((path_.empty() ? std::string(kind()) : path_) + ": x has shape " +
                     x.to_string() + ", expected rows of " + row_.to_string());
  }
  return x;
}

void RowNorm::plan(const Shape& x) {
  const std::int64_t rows = x.size() / std::max<std::int64_t>(row_.size(), 1);
  mean_ = Tensor({rows}, zero_.dtype());
  inverse_deviation_ = Tensor({rows}, zero_.dtype());
  if (!params_.empty()) piece_sums_ = Tensor({kBatchPieces * 2, row_.size()}, zero_.dtype());
}

void RowNorm::forward(ConstView x, View y, const Context& context) {
  const std::int64_t n = row_.size(), rows = x.shape.size() / n;
  if (mean_.size() != rows) plan(x.shape);
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    T* const y_data = y.as<T>().data();
    const T* const zero = zero_.as<T>().data();
    context.pool.run(rows, normalisation_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* const from = x_data + r * n;
        T* const to = y_data + r * n;
        const T shift = options_.centred ? run_shift(from, n) : T(0);
        RunSums sums = run_moments(from, n, shift);
        if (!options_.centred) sums.first = 0;
        const Statistics found =
            statistics(sums, static_cast<double>(n), static_cast<double>(shift), options_.eps);
        const auto mean = static_cast<T>(found.mean);
        const auto inverse = static_cast<T>(found.inverse_deviation);
        mean_.as<T>()[static_cast<std::size_t>(r)] = mean;
        inverse_deviation_.as<T>()[static_cast<std::size_t>(r)] = inverse;
        run_scale(from, n, mean, inverse, T(0), to);
        if (params_.empty()) continue;
        const T* const bias = params_.size() > 1 ? params_[1].value.as<T>().data() : zero;
        lane_scale(to, 1, n, n, zero, params_[0].value.as<T>().data(), bias, to);
      }
    });
  });
}

template <class T>
void RowNorm::add_parameter_gradients(const T* x, const T* grad_y, std::int64_t rows,
                                      const Context& context) {
  const std::int64_t n = row_.size();
  T* const sums = piece_sums_.as<T>().data();
  context.pool.run(kBatchPieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      T* const weight_sum = sums + piece * 2 * n;
      std::fill_n(weight_sum, 2 * n, T(0));
      for (std::int64_t r = piece * rows / kBatchPieces; r < (piece + 1) * rows / kBatchPieces;
           ++r) {
        const auto i = static_cast<std::size_t>(r);
        row_products(x + r * n, grad_y + r * n, n, mean_.as<T>()[i], inverse_deviation_.as<T>()[i],
                     weight_sum, weight_sum + n);
      }
    }
  });
  for (std::int64_t piece = 1; piece < kBatchPieces; ++piece) {
    for (std::int64_t i = 0; i < 2 * n; ++i) sums[i] += sums[piece * 2 * n + i];
  }
  add_gradient<T>(params_[0], sums);
  if (params_.size() > 1) add_gradient<T>(params_[1], sums + n);
}

void RowNorm::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                       const Context& context) {
  const std::int64_t n = row_.size(), rows = x.shape.size() / n;
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    if (!params_.empty()) add_parameter_gradients<T>(x_data, g_data, rows, context);
    if (!grad_x) return;
    const T* const zero = zero_.as<T>().data();
    T* const to_data = grad_x.as<T>().data();
    context.pool.run(rows, normalisation_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* const from = x_data + r * n;
        const T* g = g_data + r * n;
        T* const to = to_data + r * n;
        if (!params_.empty()) {  // the row's own place holds grad_y weight meanwhile
          lane_scale(g, 1, n, n, zero, params_[0].value.as<T>().data(), zero, to);
          g = to;
        }
        const T mean = mean_.as<T>()[static_cast<std::size_t>(r)];
        const T inverse = inverse_deviation_.as<T>()[static_cast<std::size_t>(r)];
        const RunSums sums = run_products(from, g, n, mean);
        const double s = static_cast<double>(inverse), values = static_cast<double>(n);
        const double centre = options_.centred ? sums.first / values : 0;
        run_vjp(from, g, n, mean, inverse, static_cast<T>(-s * s * s * sums.second / values),
                static_cast<T>(centre), to);
      }
    });
  });
}

namespace {

std::unique_ptr<Layer> make_row_norm(LayerRequest& request, bool centred) {
  RowNorm::Options options{.centred = centred};
  options.eps = request.arguments.number("eps", options.eps);
  options.affine = request.arguments.boolean("affine", options.affine);
  request.arguments.done();
  if (options.eps < 0) request.arguments.fail("eps is negative, expected 0 or more");
  return std::make_unique<RowNorm>(row_of(request.x), options, request.dtype, request.path);
}

}  // namespace

std::unique_ptr<Layer> make_layer_norm(LayerRequest& request) {
  return make_row_norm(request, true);
}

std::unique_ptr<Layer> make_rms_norm(LayerRequest& request) {
  return make_row_norm(request, false);
}

}  // namespace plumb
