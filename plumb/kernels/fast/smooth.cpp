// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/ref/smooth.h"

#include "plumb/kernels/fast/activations.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/smooth.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway asks.
#include "plumb/kernels/fast/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {

struct Sigmoid {
  explicit Sigmoid(const ref::Sigmoid&) {}
  FloatVec one = Constant(1.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec e = ExpOfMinus(hn::Abs(x));
    return hn::Div(hn::IfThenElse(hn::Lt(x, Constant(0.0f)), e, one), hn::Add(one, e));
  }
  HWY_INLINE FloatVec Vjp(FloatVec, FloatVec y, FloatVec g) const {
    return hn::Mul(g, hn::Mul(hn::Sub(one, y), y));
  }
};

struct Tanh {
  explicit Tanh(const ref::Tanh&) {}
  FloatVec one = Constant(1.0f);
  /// k / (k + 1), k = (e^2a - 1) / 2 with a = |x|. As in SplitExp, but of half the argument and
  /// with all of it halved: s = a - q ln2 / 2, and k = 2^q h + (2^q - 1) / 2, h = (e^2s - 1) / 2,
  /// does not cancel. One step of reduction is enough: its error grows with q, and a's weight falls
  /// faster.
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec a = hn::Abs(x);
    const FloatVec rounder = Constant(kRounder), half = Constant(0.5f);
    const FloatVec t = hn::MulAdd(a, Constant(2.88539008f), rounder);
    const FloatVec q = hn::Sub(t, rounder);
    const FloatVec s = hn::NegMulAdd(q, Constant(0.34657359f), a);
    const FloatVec s2 = hn::Mul(s, s);
    const FloatVec c10 = hn::MulAdd(Constant(0.66666156f), s, Constant(0.99999994f));
    const FloatVec c32 = hn::MulAdd(Constant(0.133874893f), s, Constant(0.333337784f));
    const FloatVec c4 = hn::MulAdd(Constant(0.0444236474f), s2, c32);
    const FloatVec h = hn::MulAdd(hn::MulAdd(c4, s2, c10), s2, s);
    const FloatVec power = PowerOfTwo(hn::BitCast(IntTag(), t));
    const FloatVec k = hn::MulAdd(h, power, hn::MulSub(power, half, half));
    const auto saturated = hn::Gt(a, Constant(9.5f));  // 1 - tanh < 2^-25 from 9.01 on
    return hn::CopySign(hn::IfThenElse(saturated, one, hn::Div(k, hn::Add(k, one))), x);
  }
  HWY_INLINE FloatVec Vjp(FloatVec, FloatVec y, FloatVec g) const {
    return hn::Mul(g, hn::NegMulAdd(y, y, one));
  }
};

/// e^x - 1 for x <= 0.
HWY_INLINE FloatVec Expm1OfMinus(FloatVec x) {
  const FloatVec a = AtMost(hn::Neg(x), Constant(80.0f));  // e^-80 - 1 rounds to -1
  const ExpParts e = SplitExp(hn::Neg(a));
  const FloatVec power = PowerOfTwo(e.q_bits);
  const FloatVec expm1 = hn::MulAdd(e.p, power, hn::Sub(power, Constant(1.0f)));
  // At -0 the sum above is +0.
  return hn::IfThenElse(hn::Eq(x, Constant(0.0f)), x, expm1);
}

struct ScaledElu {
  explicit ScaledElu(const ref::ScaledElu& op)
      : scale(Constant(static_cast<float>(op.scale))),
        scale_alpha(Constant(static_cast<float>(op.scale * op.alpha))) {}
  FloatVec scale, scale_alpha;
  FloatVec zero = Constant(0.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec left = Expm1OfMinus(x);
    return hn::IfThenElse(hn::Gt(x, zero), hn::Mul(scale, x), hn::Mul(scale_alpha, left));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec left = hn::Mul(scale_alpha, ExpOfMinus(hn::Neg(x)));
    return hn::Mul(g, hn::IfThenElse(hn::Gt(x, zero), scale, left));
  }
};

struct Exponential {
  explicit Exponential(const ref::Exponential&) {}
  /// Bounded where the result is 0 or infinite in float, which keeps the power of two in range.
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec above = hn::Neg(AtMost(hn::Neg(x), Constant(104.0f)));
    const ExpParts e = SplitExp(AtMost(above, Constant(89.0f)));
    return Scale(hn::Add(Constant(1.0f), e.p), e.q_bits);
  }
  HWY_INLINE FloatVec Vjp(FloatVec, FloatVec y, FloatVec g) const { return hn::Mul(g, y); }
};

struct Celu {
  explicit Celu(const ref::Celu& op) : alpha(Constant(static_cast<float>(op.alpha))) {}
  FloatVec alpha;
  FloatVec zero = Constant(0.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec left = hn::Mul(alpha, Expm1OfMinus(hn::Div(x, alpha)));
    return hn::IfThenElse(hn::Gt(x, zero), x, left);
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec left = hn::Mul(g, ExpOfMinus(hn::Neg(hn::Div(x, alpha))));
    return hn::IfThenElse(hn::Gt(x, zero), g, left);
  }
};

struct Silu {
  explicit Silu(const ref::Silu&) {}
  FloatVec limit = Constant(120.0f);  // beyond it x sigmoid(x) is 0 or x in float
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec bounded = hn::Neg(AtMost(hn::Neg(x), limit));
    const ExpParts e = SplitExp(hn::Neg(AtMost(hn::Abs(x), limit)));
    return TimesLogistic(bounded, e);
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const LogisticPair s = Logistic(x);
    const FloatVec bounded = hn::CopySign(AtMost(hn::Abs(x), limit), x);  // inf * 0 has the limit 0
    return hn::Mul(g, hn::MulAdd(bounded, hn::Mul(s.value, s.complement), s.value));
  }
};

/// See ref::Mish. tanh(log(1 + e^x)) is 1 - r with r = 2 t^2 / (1 + 2 t + 2 t^2) on the right and
/// t (1 - r) with r = (t + t^2) / (2 + 2 t + t^2) on the left: r is at most 0.4, so that its
/// rounding errors weigh little. The left tail takes t's power of two last, as Silu's does.
struct Mish {
  explicit Mish(const ref::Mish&) {}
  FloatVec one = Constant(1.0f), two = Constant(2.0f), zero = Constant(0.0f);
  FloatVec limit = Constant(120.0f);  // beyond it y is 0 or x in float
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec a = AtMost(hn::Abs(x), limit);
    const FloatVec bounded = hn::CopySign(a, x);
    const ExpParts e = SplitExp(hn::Neg(a));
    const FloatVec t = Scale(hn::Add(one, e.p), e.q_bits);
    const auto negative = hn::Lt(x, zero);
    const FloatVec t2 = hn::Mul(t, t);
    const FloatVec numerator = hn::IfThenElse(negative, hn::Add(t, t2), hn::Add(t2, t2));
    const FloatVec r = hn::Div(numerator, Divisor(negative, t));
    // x times 1, or times t without its power.
    const FloatVec base = hn::IfThenElse(negative, hn::MulAdd(bounded, e.p, bounded), bounded);
    const FloatVec y = hn::NegMulAdd(base, r, base);
    return hn::IfThenElse(negative, Scale(y, e.q_bits), hn::IfThenElse(hn::Gt(x, limit), x, y));
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec t = ExpOfMinus(hn::Abs(x));
    const auto negative = hn::Lt(x, zero);
    const FloatVec root = hn::Div(one, Divisor(negative, t));
    const FloatVec left = hn::Mul(t, hn::Add(two, t)), right = hn::MulAdd(two, t, one);
    const FloatVec tanh = hn::Mul(hn::IfThenElse(negative, left, right), root);
    const FloatVec power = hn::IfThenElse(negative, t, hn::Mul(t, t));
    const FloatVec four_root = hn::Mul(Constant(4.0f), root);
    const FloatVec slope = hn::Mul(hn::Mul(power, hn::Add(one, t)), hn::Mul(four_root, root));
    const FloatVec bounded = hn::CopySign(AtMost(hn::Abs(x), limit), x);  // inf * 0 has the limit 0
    return hn::Mul(g, hn::MulAdd(bounded, slope, tanh));
  }
  template <class Mask>
  HWY_INLINE FloatVec Divisor(Mask negative, FloatVec t) const {
    const FloatVec left = hn::MulAdd(t, hn::Add(two, t), two);
    const FloatVec right = hn::MulAdd(hn::Mul(two, t), hn::Add(one, t), one);
    return hn::IfThenElse(negative, left, right);
  }
};

struct Softplus {
  explicit Softplus(const ref::Softplus&) {}
  /// max(x, 0) + log1p(t), t = e^-|x|, by log1p(t) = 2 atanh(t / (2 + t)) = s + s z R(z) with
  /// s = 2 t / (2 + t), z = s^2; R a minimax fit on t in [0, 1] of relative error 5e-9.
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec t = ExpOfMinus(hn::Abs(x));
    const FloatVec s = hn::Div(hn::Add(t, t), hn::Add(Constant(2.0f), t));
    const FloatVec z = hn::Mul(s, s);
    FloatVec r = hn::MulAdd(Constant(0.000547617616f), z, Constant(0.00218723435f));
    r = hn::MulAdd(r, z, Constant(0.0125068249f));
    r = hn::MulAdd(r, z, Constant(0.0833330154f));
    const FloatVec log1p = hn::MulAdd(hn::Mul(s, z), r, s);
    return hn::Add(hn::IfThenZeroElse(hn::Lt(x, Constant(0.0f)), x), log1p);
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    return hn::Mul(g, Logistic(x).value);
  }
};

struct Softsign {
  explicit Softsign(const ref::Softsign&) {}
  FloatVec one = Constant(1.0f);
  HWY_INLINE FloatVec Value(FloatVec x) const {
    const FloatVec a = hn::Abs(x);
    const FloatVec quotient = hn::Div(x, hn::Add(one, a));
    const auto saturated = hn::Gt(a, Constant(0x1p26f));  // also keeps inf / inf away
    return hn::IfThenElse(saturated, hn::CopySign(one, x), quotient);
  }
  HWY_INLINE FloatVec Vjp(FloatVec x, FloatVec, FloatVec g) const {
    const FloatVec root = hn::Div(one, hn::Add(one, hn::Abs(x)));
    return hn::Mul(g, hn::Mul(root, root));
  }
};

}  // namespace

PLUMB_DEFINE_ACTIVATION(Sigmoid)
PLUMB_DEFINE_ACTIVATION(Tanh)
PLUMB_DEFINE_ACTIVATION(ScaledElu)
PLUMB_DEFINE_ACTIVATION(Exponential)
PLUMB_DEFINE_ACTIVATION(Celu)
PLUMB_DEFINE_ACTIVATION(Silu)
PLUMB_DEFINE_ACTIVATION(Mish)
PLUMB_DEFINE_ACTIVATION(Softplus)
PLUMB_DEFINE_ACTIVATION(Softsign)

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

PLUMB_EXPORT_ACTIVATION(Sigmoid)
PLUMB_EXPORT_ACTIVATION(Tanh)
PLUMB_EXPORT_ACTIVATION(ScaledElu)
PLUMB_EXPORT_ACTIVATION(Exponential)
PLUMB_EXPORT_ACTIVATION(Celu)
PLUMB_EXPORT_ACTIVATION(Silu)
PLUMB_EXPORT_ACTIVATION(Mish)
PLUMB_EXPORT_ACTIVATION(Softplus)
PLUMB_EXPORT_ACTIVATION(Softsign)

}  // namespace plumb::fast
#endif
