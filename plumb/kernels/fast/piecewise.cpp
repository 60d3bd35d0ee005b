// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/ref/piecewise.h"

#include "plumb/kernels/fast/activations.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/piecewise.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway asks.
#include "plumb/kernels/fast/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {

struct Identity {
  explicit Identity(const ref::Identity&) {}
  HWY_INLINE FloatVec Value(FloatVec x) const { return x; }
  HWY_INLINE FloatVec Vjp(FloatVec, FloatVec, FloatVec g) const { return g; }
};

struct Relu {
  explicit Relu(const ref::Relu&) {}
  FloatVec zero = Constant(0.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const { return hn::IfThenZeroElse(hn::Lt(x, zero), x); }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    return hn::IfThenZeroElse(hn::Le(x, zero), g);
  }
};

struct LeakyRelu {
  explicit LeakyRelu(const ref::LeakyRelu& op) : slope(Constant(static_cast<float>(op.slope))) {}
  FloatVec slope;
  FloatVec zero = Constant(0.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    return hn::IfThenElse(hn::Gt(x, zero), x, hn::Mul(slope, x));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    return hn::IfThenElse(hn::Gt(x, zero), g, hn::Mul(slope, g));
  }
};

struct Hardtanh {
  explicit Hardtanh(const ref::Hardtanh& op)
      : low(Constant(static_cast<float>(op.low))), high(Constant(static_cast<float>(op.high))) {}
  FloatVec low, high;
  HWY_INLINE FloatVec Value(FloatVec x) const {
    return hn::IfThenElse(hn::Lt(x, low), low, hn::IfThenElse(hn::Gt(x, high), high, x));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    return hn::IfThenZeroElse(hn::Or(hn::Le(x, low), hn::Ge(x, high)), g);
  }
};

struct Hardswish {
  explicit Hardswish(const ref::Hardswish&) {}
  FloatVec three = Constant(3.0f), half = Constant(0.5f);
  FloatVec sixth = Constant(1.0f / 6), third = Constant(1.0f / 3);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec middle = hn::Mul(x, hn::Mul(hn::Add(x, three), sixth));
    return Pick(x, x, middle);
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    return Pick(x, g, hn::Mul(g, hn::MulAdd(x, third, half)));
  }
  HWY_INLINE FloatVec Pick(FloatVec x, FloatVec right, FloatVec middle) const {
    const FloatVec from_left = hn::IfThenZeroElse(hn::Le(x, hn::Neg(three)), middle);
    return hn::IfThenElse(hn::Ge(x, three), right, from_left);
  }
};

}  // namespace

PLUMB_DEFINE_ACTIVATION(Identity)
PLUMB_DEFINE_ACTIVATION(Relu)
PLUMB_DEFINE_ACTIVATION(LeakyRelu)
PLUMB_DEFINE_ACTIVATION(Hardtanh)
PLUMB_DEFINE_ACTIVATION(Hardswish)

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

PLUMB_EXPORT_ACTIVATION(Identity)
PLUMB_EXPORT_ACTIVATION(Relu)
PLUMB_EXPORT_ACTIVATION(LeakyRelu)
PLUMB_EXPORT_ACTIVATION(Hardtanh)
PLUMB_EXPORT_ACTIVATION(Hardswish)

}  // namespace plumb::fast
#endif
