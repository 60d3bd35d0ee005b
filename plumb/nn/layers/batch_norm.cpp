// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/batch_norm.h"

#include <algorithm>

#include "plumb/nn/layers/normalise.h"

namespace plumb {

/// The memory of x: [batch, groups, positions, lanes], where a group is `lanes` channels that stand
/// next to each other. Features of a row are lanes of one group.
struct BatchNorm::Geometry {
  std::int64_t batch, groups, positions, lanes;

  explicit Geometry(const ConstView& x) : batch(x.shape[0]) {
    if (x.shape.rank() == 2) {
      groups = positions = 1;
      lanes = x.shape[1];
    } else {
      lanes = channel_block(x.layout);
      groups = x.shape[1] / lanes;
      positions = x.shape[2] * x.shape[3];
    }
  }
  std::int64_t grain() const { return normalisation_grain(groups * positions * lanes); }
  double values_per_channel() const { return static_cast<double>(batch * positions); }
};

namespace {

/// Calls body(first channel, offset, rows) for each block of rows in samples [begin, end) that
/// belongs to the same lanes.
template <class Geometry, class Body>
void for_blocks(const Geometry& at, std::int64_t begin, std::int64_t end, const Body& body) {
  if (at.groups == 1) {  // the rows of all samples follow each other
    body(std::int64_t{0}, begin * at.positions * at.lanes, (end - begin) * at.positions);
    return;
  }
  for (std::int64_t b = begin; b < end; ++b) {
    for (std::int64_t group = 0; group < at.groups; ++group) {
      body(group * at.lanes, (b * at.groups + group) * at.positions * at.lanes, at.positions);
    }
  }
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t channels, const Options& options, DType dtype, std::string path)
    : channels_(channels), options_(options), path_(std::move(path)) {
  const Shape shape{channels};
  if (options.affine) params_ = affine_params(shape, dtype, true);
  buffers_.push_back({"running_mean", Tensor(shape, dtype)});
  buffers_.push_back({"running_var", Tensor(shape, dtype)});
  dispatch(dtype, [&]<class T>(T) { std::ranges::fill(buffers_[1].value.as<T>(), T(1)); });
  for (Tensor* tensor : {&mean_, &inverse_deviation_, &scale_, &offset_, &slope_, &centre_}) {
    *tensor = Tensor(shape, dtype);
  }
}

Shape BatchNorm::output_shape(const Shape& x) const {
  if ((x.rank() != 2 && x.rank() != 4) || x[1] != channels_) {
    const std::string c = std::to_string(channels_);
    throw ShapeError((path_.empty() ? "bn" : path_) + ": x has shape " + x.to_string() +
                     ", expected [batch, " + c + "] or [batch, " + c + ", height, width]");
  }
  return x;
}

void BatchNorm::plan(const Shape& /*x*/) {
  sums_.resize(static_cast<std::size_t>(kBatchPieces * 2 * channels_));
}

/// Fills sums_[0] with the sums of all pieces of the batch; body(first channel, offset, rows, first
/// sums, second sums) adds those of one block.
template <class Geometry, class Body>
static void sum_pieces(const Geometry& at, std::int64_t channels, std::vector<double>& sums,
                       ThreadPool& pool, const Body& body) {
  std::ranges::fill(sums, 0.0);
  pool.run(kBatchPieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      double* const a = sums.data() + piece * 2 * channels;
      for_blocks(at, piece * at.batch / kBatchPieces, (piece + 1) * at.batch / kBatchPieces,
                 [&](std::int64_t channel, std::int64_t offset, std::int64_t rows) {
                   body(channel, offset, rows, a + channel, a + channels + channel);
                 });
    }
  });
  for (std::int64_t piece = 1; piece < kBatchPieces; ++piece) {
    for (std::int64_t i = 0; i < 2 * channels; ++i) {
      sums[static_cast<std::size_t>(i)] += sums[static_cast<std::size_t>(piece * 2 * channels + i)];
    }
  }
}

/// mean_ becomes what the sums of squares are shifted by, so that a large mean costs no digits: the
/// mean of some values and not one of them, which could be an outlier.
template <class T>
void BatchNorm::find_shift(const Geometry& at, const T* x) {
  const auto mean = mean_.as<T>();
  const std::int64_t values = std::min(kShiftValues, at.batch);
  const std::int64_t sample = at.groups * at.positions * at.lanes;
  std::ranges::fill(sums_, 0.0);
  for (std::int64_t group = 0; group < at.groups; ++group) {
    const T* const first = x + (group * at.positions + at.positions / 2) * at.lanes;
    const std::int64_t channel = group * at.lanes;
    lane_moments(first, values, at.lanes, at.batch / values * sample, first, sums_.data() + channel,
                 sums_.data() + channels_ + channel);
    for (std::int64_t lane = 0; lane < at.lanes; ++lane) {
      const auto c = static_cast<std::size_t>(channel + lane);
      mean[c] =
          static_cast<T>(static_cast<double>(first[lane]) + sums_[c] / static_cast<double>(values));
    }
  }
}

template <class T>
void BatchNorm::find_statistics(ConstView x, const Context& context) {
  const Geometry at(x);
  const T* const x_data = x.as<T>().data();
  const auto mean = mean_.as<T>(), inverse = inverse_deviation_.as<T>();
  const auto running_mean = buffers_[0].value.as<T>(), running_var = buffers_[1].value.as<T>();
  find_shift<T>(at, x_data);
  sum_pieces(at, channels_, sums_, context.pool,
             [&](auto channel, auto offset, auto rows, double* sum, double* squares) {
               if (at.lanes > 1) {
                 lane_moments(x_data + offset, rows, at.lanes, at.lanes, mean.data() + channel, sum,
                              squares);
                 return;
               }
               const RunSums run =
                   run_moments(x_data + offset, rows, mean[static_cast<std::size_t>(channel)]);
               *sum += run.first;
               *squares += run.second;
             });
  const double n = at.values_per_channel();
  const double unbiased = n > 1 ? n / (n - 1) : 1;
  const double keep = 1 - options_.momentum;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const RunSums sums{sums_[c], sums_[mean.size() + c]};
    const Statistics found = statistics(sums, n, static_cast<double>(mean[c]), options_.eps);
    mean[c] = static_cast<T>(found.mean);
    inverse[c] = static_cast<T>(found.inverse_deviation);
    running_mean[c] = static_cast<T>(keep * static_cast<double>(running_mean[c]) +
                                     options_.momentum * found.mean);
    running_var[c] = static_cast<T>(keep * static_cast<double>(running_var[c]) +
                                    options_.momentum * unbiased * found.variance);
  }
}

template <class T>
void BatchNorm::use_running_statistics() {
  std::ranges::copy(buffers_[0].value.as<T>(), mean_.as<T>().begin());
  std::ranges::transform(buffers_[1].value.as<T>(), inverse_deviation_.as<T>().begin(), [&](T var) {
    return static_cast<T>(1 / std::sqrt(static_cast<double>(var) + options_.eps));
  });
}

void BatchNorm::forward(ConstView x, View y, const Context& context) {
  if (sums_.empty()) plan(x.shape);
  dispatch(x.dtype, [&]<class T>(T) {
    if (context.mode == Mode::train) {
      find_statistics<T>(x, context);
    } else {
      use_running_statistics<T>();
    }
    const auto mean = mean_.as<T>(), inverse = inverse_deviation_.as<T>(), scale = scale_.as<T>(),
               offset = offset_.as<T>();
    std::ranges::copy(inverse, scale.begin());
    if (params_.empty()) {
      std::ranges::fill(offset, T(0));
    } else {
      const auto weight = params_[0].value.as<T>();
      for (std::size_t c = 0; c < scale.size(); ++c) scale[c] *= weight[c];
      std::ranges::copy(params_[1].value.as<T>(), offset.begin());
    }
    const Geometry at(x);
    const T* const from = x.as<T>().data();
    T* const to = y.as<T>().data();
    context.pool.run(at.batch, at.grain(), [&](std::int64_t begin, std::int64_t end) {
      for_blocks(at, begin, end, [&](std::int64_t channel, std::int64_t i, std::int64_t rows) {
        const auto c = static_cast<std::size_t>(channel);
        if (at.lanes > 1) {
          lane_scale(from + i, rows, at.lanes, at.lanes, &mean[c], &scale[c], &offset[c], to + i);
        } else {
          run_scale(from + i, rows, mean[c], scale[c], offset[c], to + i);
        }
      });
    });
  });
}

template <class T>
void BatchNorm::sum_products(ConstView x, ConstView grad_y, const Context& context) {
  const Geometry at(x);
  const T* const x_data = x.as<T>().data();
  const T* const g_data = grad_y.as<T>().data();
  const auto mean = mean_.as<T>();
  sum_pieces(at, channels_, sums_, context.pool,
             [&](auto channel, auto i, auto rows, double* sum, double* products) {
               const auto c = static_cast<std::size_t>(channel);
               if (at.lanes > 1) {
                 lane_products(x_data + i, g_data + i, rows, at.lanes, at.lanes, &mean[c], sum,
                               products);
                 return;
               }
               const RunSums run = run_products(x_data + i, g_data + i, rows, mean[c]);
               *sum += run.first;
               *products += run.second;
             });
}

void BatchNorm::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                         const Context& context) {
  dispatch(x.dtype, [&]<class T>(T) {
    const Geometry at(x);
    const auto mean = mean_.as<T>(), inverse = inverse_deviation_.as<T>(), scale = scale_.as<T>();
    const auto slope = slope_.as<T>(), centre = centre_.as<T>();
    const auto channels = static_cast<std::size_t>(channels_);
    if (!params_.empty() || context.mode == Mode::train) sum_products<T>(x, grad_y, context);
    for (std::size_t c = 0; c < channels; ++c) {
      // From here on sums of grad_y x_hat.
      sums_[channels + c] *= static_cast<double>(inverse[c]);
      const bool moves = context.mode == Mode::train;
      const double n = at.values_per_channel();
      const double factor = -static_cast<double>(scale[c]) * static_cast<double>(inverse[c]);
      centre[c] = moves ? static_cast<T>(sums_[c] / n) : T(0);
      slope[c] = moves ? static_cast<T>(factor * sums_[channels + c] / n) : T(0);
    }
    if (!params_.empty()) {
      add_gradient<T>(params_[0], sums_.data() + channels);
      add_gradient<T>(params_[1], sums_.data());
    }
    if (!grad_x) return;
    const T* const x_data = x.as<T>().data();
    const T* const g_data = grad_y.as<T>().data();
    T* const to = grad_x.as<T>().data();
    context.pool.run(at.batch, at.grain(), [&](std::int64_t begin, std::int64_t end) {
      for_blocks(at, begin, end, [&](std::int64_t channel, std::int64_t i, std::int64_t rows) {
        const auto c = static_cast<std::size_t>(channel);
        if (at.lanes > 1) {
          lane_vjp(x_data + i, g_data + i, rows, at.lanes, at.lanes, &mean[c], &scale[c], &slope[c],
                   &centre[c], to + i);
        } else {
          run_vjp(x_data + i, g_data + i, rows, mean[c], scale[c], slope[c], centre[c], to + i);
        }
      });
    });
  });
}

std::unique_ptr<Layer> make_batch_norm(LayerRequest& request) {
  BatchNorm::Options options;
  options.eps = request.arguments.number("eps", options.eps);
  options.momentum = request.arguments.number("momentum", options.momentum);
  options.affine = request.arguments.boolean("affine", options.affine);
  request.arguments.done();
  if (options.eps < 0) request.arguments.fail("eps is negative, expected 0 or more");
  if (options.momentum < 0 || options.momentum > 1) {
    request.arguments.fail("momentum is outside 0 to 1");
  }
  require_channels(request.x);
  return std::make_unique<BatchNorm>(request.x[1], options, request.dtype, request.path);
}

}  // namespace plumb
