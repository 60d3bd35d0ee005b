// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/ref/gelu.h"

#include "plumb/kernels/fast/activations.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/gelu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway asks.
#include "plumb/kernels/fast/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {

/// Parts of e^(-a^2 / 2), 0 <= a <= 15. A plain a * a / 2 is up to 4e-6 off before the exponential
/// is taken, so a is cut into 12 leading bits, whose square is exact, and the rest.
HWY_INLINE ExpParts SplitGaussian(FloatVec a) {
  const FloatVec leading_bits =
      hn::BitCast(FloatTag(), hn::Set(IntTag(), static_cast<std::int32_t>(0xFFFFF000)));
  const FloatVec high = hn::And(a, leading_bits);
  const FloatVec rest = hn::Mul(hn::Sub(a, high), hn::Add(a, high));
  const FloatVec minus_half = Constant(-0.5f);
  return SplitExp(hn::Mul(minus_half, hn::Mul(high, high)), hn::Mul(minus_half, rest));
}

/// Phi(-a) e^(a^2 / 2) = H(u) / (a + kOffset) with u = a / (a + kOffset), 0 <= a <= 14.6: H bends
/// little, so its rounding errors stay in the last place. A minimax fit of relative error 2e-8 in
/// tau = 2.340136 u - 1, which covers [-1, 1].
constexpr float kOffset = 2.5f;
HWY_INLINE FloatVec ScaledNormalTail(FloatVec u) {
  const FloatVec tau = hn::MulAdd(u, Constant(2.340136f), Constant(-1.0f));
  FloatVec h = hn::MulAdd(Constant(-3.87756918e-05f), tau, Constant(-2.92131281e-05f));
  h = hn::MulAdd(h, tau, Constant(0.000309625902f));
  h = hn::MulAdd(h, tau, Constant(0.000654567033f));
  h = hn::MulAdd(h, tau, Constant(-0.00157546706f));
  h = hn::MulAdd(h, tau, Constant(-0.00773759745f));
  h = hn::MulAdd(h, tau, Constant(0.0114124659f));
  h = hn::MulAdd(h, tau, Constant(0.0919954851f));
  h = hn::MulAdd(h, tau, Constant(-0.402778476f));
  return hn::MulAdd(h, tau, Constant(0.772446156f));
}

struct Gelu {
  explicit Gelu(const ref::Gelu&) {}
  FloatVec one = Constant(1.0f), zero = Constant(0.0f);
  FloatVec limit = Constant(14.6f);  // beyond it x Phi(x) is 0 or x in float
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec a = AtMost(hn::Abs(x), limit);
    const ExpParts e = SplitGaussian(a);
    const FloatVec u = hn::Div(a, hn::Add(a, Constant(kOffset)));
    const FloatVec h = ScaledNormalTail(u);
    const FloatVec mantissa = hn::Mul(u, hn::MulAdd(h, e.p, h));
    const FloatVec tail = Scale(mantissa, e.q_bits);  // |x| Phi(-|x|)
    return hn::IfThenElse(hn::Lt(x, zero), hn::Neg(tail), hn::Sub(x, tail));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec a = AtMost(hn::Abs(x), limit);
    const ExpParts e = SplitGaussian(a);
    const FloatVec density_at_0 = Constant(0.398942280f);
    const FloatVec inverse = hn::Div(one, hn::Add(a, Constant(kOffset)));
    const FloatVec h = ScaledNormalTail(hn::Mul(a, inverse));
    const FloatVec bracket = hn::NegMulAdd(a, density_at_0, hn::Mul(h, inverse));
    const FloatVec left = Scale(hn::Mul(hn::Add(one, e.p), bracket), e.q_bits);
    return hn::Mul(g, hn::IfThenElse(hn::Lt(x, zero), left, hn::Sub(one, left)));
  }
};

/// 2 u(a) = a (linear + cubic a^2) as a sum of two floats, by way of double: rounded to one float
/// it is up to 4e-6 off, and the exponential makes that a relative error of the left tail.
struct TwoFloats {
  FloatVec high, low;
};
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE TwoFloats DoubledTanhArgument(FloatVec a) {
  const double v = hn::GetLane(a);
  const double sum = v * (ref::GeluTanh::kLinear + ref::GeluTanh::kCubic * (v * v));
  const auto high = static_cast<float>(sum);
  return {Constant(high), Constant(static_cast<float>(sum - high))};
}
#else
HWY_INLINE TwoFloats DoubledTanhArgument(FloatVec a) {
  const FloatTag d;
  const hn::Half<FloatTag> dh;
  const hn::Repartition<double, FloatTag> dd;
  const auto polynomial = [&](auto v) {
    const auto linear = hn::Set(dd, ref::GeluTanh::kLinear);
    const auto cubic = hn::Set(dd, ref::GeluTanh::kCubic);
    return hn::Mul(v, hn::MulAdd(cubic, hn::Mul(v, v), linear));
  };
  const auto sum0 = polynomial(hn::PromoteTo(dd, hn::LowerHalf(dh, a)));
  const auto sum1 = polynomial(hn::PromoteTo(dd, hn::UpperHalf(dh, a)));
  const auto high0 = hn::DemoteTo(dh, sum0), high1 = hn::DemoteTo(dh, sum1);
  const auto low0 = hn::DemoteTo(dh, hn::Sub(sum0, hn::PromoteTo(dd, high0)));
  const auto low1 = hn::DemoteTo(dh, hn::Sub(sum1, hn::PromoteTo(dd, high1)));
  return {hn::Combine(d, high1, high0), hn::Combine(d, low1, low0)};
}
#endif

struct GeluTanh {
  explicit GeluTanh(const ref::GeluTanh&) {}
  FloatVec limit = Constant(11.5f);  // beyond it y is 0 or x in float
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const TwoFloats u2 = DoubledTanhArgument(AtMost(hn::Abs(x), limit));
    const FloatVec bounded = hn::Neg(AtMost(hn::Neg(x), limit));
    return TimesLogistic(bounded, SplitExp(hn::Neg(u2.high), hn::Neg(u2.low)));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec linear = Constant(static_cast<float>(ref::GeluTanh::kLinear));
    const FloatVec cubic = Constant(static_cast<float>(ref::GeluTanh::kCubic));
    const FloatVec bounded = hn::CopySign(AtMost(hn::Abs(x), limit), x);
    const FloatVec cubic_x2 = hn::Mul(hn::Mul(bounded, bounded), cubic);
    const LogisticPair s = Logistic(hn::Mul(bounded, hn::Add(linear, cubic_x2)));
    const FloatVec factor = hn::Mul(bounded, hn::MulAdd(Constant(3.0f), cubic_x2, linear));
    return hn::Mul(g, hn::MulAdd(factor, hn::Mul(s.value, s.complement), s.value));
  }
};

}  // namespace

PLUMB_DEFINE_ACTIVATION(Gelu)
PLUMB_DEFINE_ACTIVATION(GeluTanh)

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

PLUMB_EXPORT_ACTIVATION(Gelu)
PLUMB_EXPORT_ACTIVATION(GeluTanh)

}  // namespace plumb::fast
#endif
