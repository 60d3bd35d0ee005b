// SPDX-License-Identifier: Apache-2.0
// The loop of the vector activations: included once for each Highway target, as Highway has it.
#if defined(PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#undef PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#else
#define PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstdint>

#include "plumb/kernels/derivative_scan.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

HWY_INLINE FloatVec Constant(float value) { return hn::Set(FloatTag(), value); }

/// y = op.Value(x). The tail goes through the same vector code in a padded buffer, so an element's
/// bits do not depend on where it stands.
template <class Op>
HWY_INLINE void Forward(const Op& op, const float* HWY_RESTRICT x, float* HWY_RESTRICT y,
                        std::int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(op.Value(hn::LoadU(d, x + i)), d, y + i);
  if (i == count) return;
  HWY_ALIGN float tail[hn::MaxLanes(d)] = {};
  for (std::int64_t j = i; j < count; ++j) tail[j - i] = x[j];
  hn::Store(op.Value(hn::Load(d, tail)), d, tail);
  for (std::int64_t j = i; j < count; ++j) y[j] = tail[j - i];
}

/// grad_x = op.Vjp(x, y, grad_y).
template <class Op>
HWY_INLINE void Vjp(const Op& op, const float* x, const float* y, const float* grad_y,
                    float* grad_x, std::int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const FloatVec one = hn::Set(d, 1.0f);
  std::int64_t i = 0;
  if (grad_y) {
    for (; i + lanes <= count; i += lanes) {
      const FloatVec g = hn::LoadU(d, grad_y + i);
      hn::StoreU(op.Vjp(hn::LoadU(d, x + i), hn::LoadU(d, y + i), g), d, grad_x + i);
    }
  } else {
    for (; i + lanes <= count; i += lanes) {
      hn::StoreU(op.Vjp(hn::LoadU(d, x + i), hn::LoadU(d, y + i), one), d, grad_x + i);
    }
  }
  if (i == count) return;
  HWY_ALIGN float x_tail[hn::MaxLanes(d)] = {};
  HWY_ALIGN float y_tail[hn::MaxLanes(d)] = {};
  HWY_ALIGN float g_tail[hn::MaxLanes(d)] = {};
  for (std::int64_t j = i; j < count; ++j) {
    x_tail[j - i] = x[j];
    y_tail[j - i] = y[j];
    g_tail[j - i] = grad_y ? grad_y[j] : 1.0f;
  }
  hn::Store(op.Vjp(hn::Load(d, x_tail), hn::Load(d, y_tail), hn::Load(d, g_tail)), d, g_tail);
  for (std::int64_t j = i; j < count; ++j) grad_x[j] = g_tail[j - i];
}

/// See DerivativeScan. Judged block by block, whose squares are summed up in float.
template <class Op>
HWY_INLINE DerivativeScan Scan(const Op& op, const float* x, const float* y, std::int64_t count,
                               float limit) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t block = 16 * 4 * lanes;
  const FloatVec one = hn::Set(d, 1.0f);
  constexpr float kLeast = 0x1p-50f, kMost = 0x1p50f;
  const auto least_usual = hn::BitCast(di, hn::Set(d, kLeast));
  const auto most_usual = hn::BitCast(di, hn::Set(d, kMost));
  const auto limit_bits = hn::BitCast(di, hn::Set(d, limit));
  const auto derivative = [&](std::int64_t i) HWY_ATTR {
    return op.Vjp(hn::LoadU(d, x + i), hn::LoadU(d, y + i), one);
  };
  // As integers magnitudes order as the floats do, and NaN lie above infinity.
  const auto magnitude = [&](FloatVec v) HWY_ATTR {
    return hn::And(hn::BitCast(di, v), hn::Set(di, 0x7fffffff));
  };
  const auto is_unusual = [&](auto least, auto most) HWY_ATTR {
    return !hn::AllFalse(di, hn::Or(hn::Lt(least, least_usual), hn::Gt(most, most_usual)));
  };
  DerivativeScan scan;
  // A relu is told by its first few values.
  if (count >= lanes) {
    const auto first = magnitude(derivative(0));
    if (is_unusual(first, first)) return scan;
  }
  std::int64_t i = 0;
  while (i + lanes <= count) {
    const std::int64_t begin = i, end = HWY_MIN(count, begin + block);
    auto least = most_usual, most = least_usual;
    FloatVec sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    const auto add = [&](std::int64_t at, FloatVec& sum) HWY_ATTR {
      const FloatVec v = derivative(at);
      least = hn::Min(least, magnitude(v));
      most = hn::Max(most, magnitude(v));
      sum = hn::MulAdd(v, v, sum);
    };
    for (; i + 4 * lanes <= end; i += 4 * lanes) {
      add(i, sum0);
      add(i + lanes, sum1);
      add(i + 2 * lanes, sum2);
      add(i + 3 * lanes, sum3);
    }
    for (; i + lanes <= end; i += lanes) add(i, sum0);
    if (is_unusual(least, most)) return scan;
    const FloatVec sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
    scan.squares += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
    if (hn::AllFalse(di, hn::Lt(least, limit_bits))) continue;
    for (std::int64_t at = begin; at < i; at += lanes) {
      scan.below += hn::CountTrue(di, hn::Lt(magnitude(derivative(at)), limit_bits));
    }
  }
  if (i < count) {
    HWY_ALIGN float x_tail[hn::MaxLanes(d)] = {};
    HWY_ALIGN float y_tail[hn::MaxLanes(d)] = {};
    for (std::int64_t j = i; j < count; ++j) {
      x_tail[j - i] = x[j];
      y_tail[j - i] = y[j];
    }
    hn::Store(op.Vjp(hn::Load(d, x_tail), hn::Load(d, y_tail), one), d, x_tail);
    for (std::int64_t j = i; j < count; ++j) {
      const float v = std::abs(x_tail[j - i]);
      if (!(v >= kLeast && v <= kMost)) return scan;
      scan.below += v < limit;
      scan.squares += static_cast<double>(v) * static_cast<double>(v);
    }
  }
  scan.is_usual = true;
  return scan;
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

/// In a target's namespace: the functions of ref::Name from its vector form Name.
#define PLUMB_DEFINE_ACTIVATION(Name)                                                      \
  void Name##Forward(const ref::Name& op, const float* x, float* y, std::int64_t count) {  \
    Forward(Name(op), x, y, count);                                                        \
  }                                                                                        \
  void Name##Vjp(const ref::Name& op, const float* x, const float* y, const float* grad_y, \
                 float* grad_x, std::int64_t count) {                                      \
    Vjp(Name(op), x, y, grad_y, grad_x, count);                                            \
  }                                                                                        \
  DerivativeScan Name##Scan(const ref::Name& op, const float* x, const float* y,           \
                            std::int64_t count, float limit) {                             \
    return Scan(Name(op), x, y, count, limit);                                             \
  }

/// Once a source: the public functions, which pick the target at run time.
#define PLUMB_EXPORT_ACTIVATION(Name)                                                          \
  HWY_EXPORT(Name##Forward);                                                                   \
  HWY_EXPORT(Name##Vjp);                                                                       \
  HWY_EXPORT(Name##Scan);                                                                      \
  void forward(const ref::Name& op, const float* x, float* y, std::int64_t count) {            \
    HWY_DYNAMIC_DISPATCH(Name##Forward)(op, x, y, count);                                      \
  }                                                                                            \
  void vjp(const ref::Name& op, const float* x, const float* y, const float* grad_y,           \
           float* grad_x, std::int64_t count) {                                                \
    HWY_DYNAMIC_DISPATCH(Name##Vjp)(op, x, y, grad_y, grad_x, count);                          \
  }                                                                                            \
  DerivativeScan scan(const ref::Name& op, const float* x, const float* y, std::int64_t count, \
                      float limit) {                                                           \
    return HWY_DYNAMIC_DISPATCH(Name##Scan)(op, x, y, count, limit);                           \
  }

#endif
