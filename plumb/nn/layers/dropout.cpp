// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/dropout.h"

#include <algorithm>
#include <cmath>

#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/layers/activation.h"
#include "plumb/nn/reorder.h"

namespace plumb {

namespace {
/// One block of the generator serves this many neighbouring elements.
constexpr std::int64_t kPerBlock = 4;
}  // namespace

Dropout::Dropout(double drop_probability, std::uint64_t seed, const std::string& path)
    : drop_probability_(drop_probability), rng_(seed, "dropout/" + path) {}

void Dropout::draw_mask(ConstView x, const Context& context) {
  const std::int64_t count = x.shape.size();
  const bool in_order = x.layout == Layout::row_major;
  std::vector<std::uint8_t>& mask = in_order ? keep_ : drawn_;
  mask.resize(static_cast<std::size_t>(count));
  const Rng rng = rng_.child(context.step);
  const auto threshold = static_cast<std::uint64_t>(std::llround(drop_probability_ * 0x1p32));
  context.pool.run(count, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kPerBlock) {  // the grain is a multiple of kPerBlock
      const std::array<std::uint32_t, 4> bits =
          rng.block(static_cast<std::uint64_t>(i / kPerBlock));
      for (std::int64_t j = 0; j < kPerBlock && i + j < end; ++j) {
        mask[static_cast<std::size_t>(i + j)] = bits[static_cast<std::size_t>(j)] >= threshold;
      }
    }
  });
  if (in_order) return;
  keep_.resize(mask.size());
  reorder_bytes(mask.data(), Layout::row_major, keep_.data(), x.layout, x.shape, context.pool);
}

void Dropout::apply_mask(ConstView from, View to, const Context& context) const {
  dispatch(from.dtype, [&]<class T>(T) {
    const T* const source = from.as<T>().data();
    T* const target = to.as<T>().data();
    const T scale = T(1) / static_cast<T>(1.0 - drop_probability_);
    const std::uint8_t* const keep = keep_.data();
    context.pool.run(from.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
      for (auto i = begin; i < end; ++i) target[i] = source[i] * (keep[i] ? scale : T(0));
    });
  });
}

void Dropout::forward(ConstView x, View y, const Context& context) {
  if (context.mode == Mode::train) {
    draw_mask(x, context);
    apply_mask(x, y, context);
  } else {
    dispatch(x.dtype, [&]<class T>(T) {
      elementwise_forward(ref::Identity{}, x.as<T>().data(), y.as<T>().data(), x.shape.size());
    });
  }
}

void Dropout::backward(ConstView x, ConstView /*y*/, ConstView grad_y, View grad_x,
                       const Context& context) {
  if (!grad_x) return;
  if (context.mode == Mode::train) {
    PLUMB_CHECK(keep_.size() == static_cast<std::size_t>(x.shape.size()));
    apply_mask(grad_y, grad_x, context);
  } else {
    dispatch(x.dtype, [&]<class T>(T) {
      elementwise_forward(ref::Identity{}, grad_y.as<T>().data(), grad_x.as<T>().data(),
                          x.shape.size());
    });
  }
}

bool Dropout::derivative(ConstView x, ConstView /*y*/, View derivative) const {
  if (keep_.size() != static_cast<std::size_t>(x.shape.size())) return false;
  dispatch(derivative.dtype, [&]<class T>(T) {
    const T scale = T(1) / static_cast<T>(1.0 - drop_probability_);
    std::ranges::transform(keep_, derivative.as<T>().begin(),
                           [&](std::uint8_t kept) { return kept ? scale : T(0); });
  });
  return true;
}

std::unique_ptr<Layer> make_dropout(LayerRequest& request) {
  const std::optional<double> probability =
      request.arguments.number(0, "the probability of dropping an element");
  if (!probability || !(*probability >= 0 && *probability < 1)) {
    request.arguments.fail(
        (probability ? "P is " + std::to_string(*probability) : "nothing given") +
        std::string(", expected a probability P with 0 <= P < 1"));
  }
  request.arguments.done();
  return std::make_unique<Dropout>(*probability, request.seed, request.path);
}

}  // namespace plumb
