// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/normalise.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/normalise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

/// Loads and stores `count` floats, fewer than a vector holds at the end of a row; the rest is 0.
struct Part {
  std::int64_t count;
  bool whole;

  FloatVec Load(const float* from) const {
    const FloatTag d;
    return whole ? hn::LoadU(d, from)
                 : hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count)), d, from);
  }
  void Store(FloatVec v, float* to) const {
    const FloatTag d;
    if (whole) {
      hn::StoreU(v, d, to);
    } else {
      hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
    }
  }
  void AddTo(FloatVec v, double* sum) const {
    const FloatTag d;
    HWY_ALIGN float lanes[hn::MaxLanes(d)];
    hn::Store(v, d, lanes);
    for (std::int64_t l = 0; l < count; ++l) sum[l] += static_cast<double>(lanes[l]);
  }
};

/// Calls body(first lane, part) for each vector of a row.
template <class Body>
HWY_INLINE void ForParts(std::int64_t lanes, const Body& body) {
  const auto width = static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  for (std::int64_t l = 0; l < lanes; l += width) {
    const std::int64_t count = std::min(width, lanes - l);
    body(l, Part{count, count == width});
  }
}

void LaneMoments(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                 const float* shift, double* sum, double* squares) {
  const FloatTag d;
  ForParts(lanes, [&](std::int64_t l, Part part) HWY_ATTR {
    const FloatVec s = part.Load(shift + l);
    for (std::int64_t begin = 0; begin < rows; begin += kSumRows) {
      const std::int64_t end = std::min(rows, begin + kSumRows);
      FloatVec sum0 = hn::Zero(d), sum1 = sum0, squares0 = sum0, squares1 = sum0;
      const float* from = x + begin * stride + l;
      std::int64_t r = begin;
      for (; r + 2 <= end; r += 2, from += 2 * stride) {
        const FloatVec a = hn::Sub(part.Load(from), s);
        const FloatVec b = hn::Sub(part.Load(from + stride), s);
        sum0 = hn::Add(sum0, a);
        sum1 = hn::Add(sum1, b);
        squares0 = hn::MulAdd(a, a, squares0);
        squares1 = hn::MulAdd(b, b, squares1);
      }
      if (r < end) {
        const FloatVec a = hn::Sub(part.Load(from), s);
        sum0 = hn::Add(sum0, a);
        squares0 = hn::MulAdd(a, a, squares0);
      }
      part.AddTo(hn::Add(sum0, sum1), sum + l);
      part.AddTo(hn::Add(squares0, squares1), squares + l);
    }
  });
}

void LaneScale(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
               const float* mean, const float* scale, const float* offset, float* y) {
  ForParts(lanes, [&](std::int64_t l, Part part) HWY_ATTR {
    const FloatVec m = part.Load(mean + l);
    const FloatVec a = part.Load(scale + l);
    const FloatVec b = part.Load(offset + l);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t i = r * stride + l;
      part.Store(hn::MulAdd(hn::Sub(part.Load(x + i), m), a, b), y + i);
    }
  });
}

void LaneProducts(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
                  std::int64_t stride, const float* mean, double* sum, double* products) {
  const FloatTag d;
  ForParts(lanes, [&](std::int64_t l, Part part) HWY_ATTR {
    const FloatVec m = part.Load(mean + l);
    for (std::int64_t begin = 0; begin < rows; begin += kSumRows) {
      const std::int64_t end = std::min(rows, begin + kSumRows);
      FloatVec sum0 = hn::Zero(d), sum1 = sum0, products0 = sum0, products1 = sum0;
      std::int64_t r = begin;
      for (; r + 2 <= end; r += 2) {
        const std::int64_t i = r * stride + l;
        const FloatVec g0 = part.Load(g + i), g1 = part.Load(g + i + stride);
        sum0 = hn::Add(sum0, g0);
        sum1 = hn::Add(sum1, g1);
        products0 = hn::MulAdd(g0, hn::Sub(part.Load(x + i), m), products0);
        products1 = hn::MulAdd(g1, hn::Sub(part.Load(x + i + stride), m), products1);
      }
      if (r < end) {
        const std::int64_t i = r * stride + l;
        const FloatVec g0 = part.Load(g + i);
        sum0 = hn::Add(sum0, g0);
        products0 = hn::MulAdd(g0, hn::Sub(part.Load(x + i), m), products0);
      }
      part.AddTo(hn::Add(sum0, sum1), sum + l);
      part.AddTo(hn::Add(products0, products1), products + l);
    }
  });
}

void LaneVjp(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
             std::int64_t stride, const float* mean, const float* scale, const float* slope,
             const float* centre, float* grad_x) {
  ForParts(lanes, [&](std::int64_t l, Part part) HWY_ATTR {
    const FloatVec m = part.Load(mean + l), a = part.Load(scale + l);
    const FloatVec b = part.Load(slope + l), c = part.Load(centre + l);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t i = r * stride + l;
      const FloatVec from_x = hn::Mul(b, hn::Sub(part.Load(x + i), m));
      part.Store(hn::MulAdd(a, hn::Sub(part.Load(g + i), c), from_x), grad_x + i);
    }
  });
}

void RowProducts(const float* x, const float* g, std::int64_t count, float mean, float factor,
                 float* weight_sum, float* bias_sum) {
  const FloatTag d;
  const FloatVec m = hn::Set(d, mean), f = hn::Set(d, factor);
  ForParts(count, [&](std::int64_t l, Part part) HWY_ATTR {
    const FloatVec grad = part.Load(g + l);
    const FloatVec centred = hn::Mul(hn::Sub(part.Load(x + l), m), f);
    part.Store(hn::MulAdd(grad, centred, part.Load(weight_sum + l)), weight_sum + l);
    part.Store(hn::Add(grad, part.Load(bias_sum + l)), bias_sum + l);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

HWY_EXPORT(LaneMoments);
HWY_EXPORT(LaneScale);
HWY_EXPORT(LaneProducts);
HWY_EXPORT(LaneVjp);
HWY_EXPORT(RowProducts);

void lane_moments(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                  const float* shift, double* sum, double* squares) {
  HWY_DYNAMIC_DISPATCH(LaneMoments)(x, rows, lanes, stride, shift, sum, squares);
}

void lane_scale(const float* x, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
                const float* mean, const float* scale, const float* offset, float* y) {
  HWY_DYNAMIC_DISPATCH(LaneScale)(x, rows, lanes, stride, mean, scale, offset, y);
}

void lane_products(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
                   std::int64_t stride, const float* mean, double* sum, double* products) {
  HWY_DYNAMIC_DISPATCH(LaneProducts)(x, g, rows, lanes, stride, mean, sum, products);
}

void lane_vjp(const float* x, const float* g, std::int64_t rows, std::int64_t lanes,
              std::int64_t stride, const float* mean, const float* scale, const float* slope,
              const float* centre, float* grad_x) {
  HWY_DYNAMIC_DISPATCH(LaneVjp)
  (x, g, rows, lanes, stride, mean, scale, slope, centre, grad_x);
}

void row_products(const float* x, const float* g, std::int64_t count, float mean, float factor,
                  float* weight_sum, float* bias_sum) {
  HWY_DYNAMIC_DISPATCH(RowProducts)(x, g, count, mean, factor, weight_sum, bias_sum);
}

}  // namespace plumb::fast
#endif
