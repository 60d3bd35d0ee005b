// SPDX-License-Identifier: Apache-2.0
// The loop of the vector activations: included once for each Highway target, as Highway has it.
#if defined(PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#undef PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#else
#define PLUMB_KERNELS_FAST_ELEMENTWISE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

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

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

/// In a target's namespace: the two functions of ref::Name from its vector form Name.
#define PLUMB_DEFINE_ACTIVATION(Name)                                                      \
  void Name##Forward(const ref::Name& op, const float* x, float* y, std::int64_t count) {  \
    Forward(Name(op), x, y, count);                                                        \
  }                                                                                        \
  void Name##Vjp(const ref::Name& op, const float* x, const float* y, const float* grad_y, \
                 float* grad_x, std::int64_t count) {                                      \
    Vjp(Name(op), x, y, grad_y, grad_x, count);                                            \
  }

/// Once a source: the public functions, which pick the target at run time.
#define PLUMB_EXPORT_ACTIVATION(Name)                                                \
  HWY_EXPORT(Name##Forward);                                                         \
  HWY_EXPORT(Name##Vjp);                                                             \
  void forward(const ref::Name& op, const float* x, float* y, std::int64_t count) {  \
    HWY_DYNAMIC_DISPATCH(Name##Forward)(op, x, y, count);                            \
  }                                                                                  \
  void vjp(const ref::Name& op, const float* x, const float* y, const float* grad_y, \
           float* grad_x, std::int64_t count) {                                      \
    HWY_DYNAMIC_DISPATCH(Name##Vjp)(op, x, y, grad_y, grad_x, count);                \
  }

#endif
