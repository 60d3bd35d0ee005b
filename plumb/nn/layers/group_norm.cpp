// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/group_norm.h"

#include <algorithm>

#include "plumb/nn/layers/normalise.h"

namespace plumb {

GroupNorm::GroupNorm(std::int64_t channels, const Options& options, DType dtype, std::string path)
    : channels_(channels), options_(options), path_(std::move(path)) {
  if (options.affine) params_ = affine_params({channels}, dtype, true);
}

Shape GroupNorm::output_shape(const Shape& x) const {
  if ((x.rank() != 2 && x.rank() != 4) || x[1] != channels_) {
    const std::string c = std::to_string(channels_);
    throw ShapeError((path_.empty() ? "gn" : path_) + ": x has shape " + x.to_string() +
                     ", expected [batch, " + c + "] or [batch, " + c + ", height, width]");
  }
  return x;
}

void GroupNorm::plan(const Shape& x) {
  const auto samples = static_cast<std::size_t>(x[0]);
  mean_.resize(samples * static_cast<std::size_t>(options_.groups));
  inverse_deviation_.resize(mean_.size());
  gradient_sums_.resize(samples * static_cast<std::size_t>(channels_));
  x_hat_sums_.resize(gradient_sums_.size());
}

double GroupNorm::weight(std::int64_t channel) const {
  if (params_.empty()) return 1;
  return dispatch(params_[0].value.dtype(), [&]<class T>(T) {
    return static_cast<double>(params_[0].value.as<T>()[static_cast<std::size_t>(channel)]);
  });
}

double GroupNorm::bias(std::int64_t channel) const {
  if (params_.empty()) return 0;
  return dispatch(params_[1].value.dtype(), [&]<class T>(T) {
    return static_cast<double>(params_[1].value.as<T>()[static_cast<std::size_t>(channel)]);
  });
}

void GroupNorm::forward(ConstView x, View y, const Context& context) {
  if (mean_.size() != static_cast<std::size_t>(x.shape[0] * options_.groups)) plan(x.shape);
  const std::int64_t per_group = channels_ / options_.groups;
  const std::int64_t positions = x.shape.row_size() / channels_;
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    T* const y_data = y.as<T>().data();
    context.pool.run(x.shape[0], 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin * options_.groups; i < end * options_.groups; ++i) {
        const std::int64_t n = per_group * positions;
        const T* const from = x_data + i * n;
        const T shift = run_shift(from, n);
        const Statistics found = statistics(run_moments(from, n, shift), static_cast<double>(n),
                                            static_cast<double>(shift), options_.eps);
        mean_[static_cast<std::size_t>(i)] = found.mean;
        inverse_deviation_[static_cast<std::size_t>(i)] = found.inverse_deviation;
        const std::int64_t first = i % options_.groups * per_group;
        for (std::int64_t c = 0; c < per_group; ++c) {
          run_scale(from + c * positions, positions, static_cast<T>(found.mean),
                    static_cast<T>(found.inverse_deviation * weight(first + c)),
                    static_cast<T>(bias(first + c)), y_data + i * n + c * positions);
        }
      }
    });
  });
}

void GroupNorm::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                         const Context& context) {
  const std::int64_t per_group = channels_ / options_.groups;
  const std::int64_t positions = x.shape.row_size() / channels_;
  dispatch(x.dtype, [&]<class T>(T) {
    const T* const x_data = x.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    T* const to = grad_x ? grad_x.as<T>().data() : nullptr;
    context.pool.run(x.shape[0], 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin * options_.groups; i < end * options_.groups; ++i) {
        const double mean = mean_[static_cast<std::size_t>(i)];
        const double inverse = inverse_deviation_[static_cast<std::size_t>(i)];
        const std::int64_t first = i % options_.groups * per_group;
        RunSums group;  // of g = grad_y weight, and of g x_hat
        for (std::int64_t c = 0; c < per_group; ++c) {
          const std::int64_t at = (i * per_group + c) * positions;
          const RunSums sums =
              run_products(x_data + at, g_data + at, positions, static_cast<T>(mean));
          const auto slot = static_cast<std::size_t>(i * per_group + c);
          gradient_sums_[slot] = sums.first;
          x_hat_sums_[slot] = sums.second * inverse;
          group.first += sums.first * weight(first + c);
          group.second += sums.second * inverse * weight(first + c);
        }
        if (to == nullptr) continue;
        const double n = static_cast<double>(per_group * positions);
        for (std::int64_t c = 0; c < per_group; ++c) {
          const std::int64_t at = (i * per_group + c) * positions;
          // The channel's own place holds grad_y weight meanwhile.
          run_scale(g_data + at, positions, T(0), static_cast<T>(weight(first + c)), T(0), to + at);
          run_vjp(x_data + at, to + at, positions, static_cast<T>(mean), static_cast<T>(inverse),
                  static_cast<T>(-inverse * inverse * group.second / n),
                  static_cast<T>(group.first / n), to + at);
        }
      }
    });
    if (params_.empty()) return;
    const auto channels = static_cast<std::size_t>(channels_);
    for (std::size_t i = channels; i < gradient_sums_.size(); ++i) {
      gradient_sums_[i % channels] += gradient_sums_[i];
      x_hat_sums_[i % channels] += x_hat_sums_[i];
    }
    add_gradient<T>(params_[0], x_hat_sums_.data());
    add_gradient<T>(params_[1], gradient_sums_.data());
  });
}

std::unique_ptr<Layer> make_group_norm(LayerRequest& request) {
  GroupNorm::Options options;
  options.groups = request.arguments.positive_integer(0, "the number of groups");
  options.eps = request.arguments.number("eps", options.eps);
  options.affine = request.arguments.boolean("affine", options.affine);
  request.arguments.done();
  if (options.eps < 0) request.arguments.fail("eps is negative, expected 0 or more");
  require_channels(request.x);
  const std::int64_t channels = request.x[1];
  if (channels % options.groups != 0) {
    request.arguments.fail(std::to_string(options.groups) + " groups do not divide " +
                           std::to_string(channels) + " channels");
  }
  return std::make_unique<GroupNorm>(channels, options, request.dtype, request.path);
}

}  // namespace plumb
