// SPDX-License-Identifier: Apache-2.0
// The exponential in parts, for the smooth activations: included once for each Highway target.
//
// Highway's own Exp turns NaN into 0 and Expm1 loses the denormal tail; activations also need the
// power of two apart, to scale once at the end and so round only once where results are denormal.
#if defined(PLUMB_KERNELS_FAST_EXPONENTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_KERNELS_FAST_EXPONENTIAL_INL_H_
#undef PLUMB_KERNELS_FAST_EXPONENTIAL_INL_H_
#else
#define PLUMB_KERNELS_FAST_EXPONENTIAL_INL_H_
#endif

#include "plumb/kernels/fast/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {

using IntTag = hn::RebindToSigned<FloatTag>;
using IntVec = hn::Vec<IntTag>;

/// e^x = (1 + p) 2^q with |p| < 0.42.
struct ExpParts {
  FloatVec p;
  IntVec q_bits;  ///< q in the low bits of a float near 1.5 * 2^23: see kRounder
};

/// Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the sum.
constexpr float kRounder = 12582912.0f;

/// Parts of e^(x + low) for |x| < 2^21 and |low| below a few units; NaN stays NaN in p.
/// Source: r = x - q ln 2 in two steps (Cody and Waite 1980), the first product being exact; then
/// expm1(r) = r + r^2 P(r), P a minimax fit on |r| <= 0.35 of relative error 1.4e-8.
HWY_INLINE ExpParts SplitExp(FloatVec x, FloatVec low = Constant(0.0f)) {
  const FloatVec rounder = Constant(kRounder);
  const FloatVec t = hn::MulAdd(x, Constant(1.44269504f), rounder);
  const FloatVec q = hn::Sub(t, rounder);
  FloatVec r = hn::NegMulAdd(q, Constant(0.693145751953125f), x);
  r = hn::Add(hn::NegMulAdd(q, Constant(1.42860677e-6f), r), low);
  const FloatVec r2 = hn::Mul(r, r);
  const FloatVec c10 = hn::MulAdd(Constant(0.16666539f), r, Constant(0.49999997f));
  const FloatVec c32 = hn::MulAdd(Constant(0.00836718082f), r, Constant(0.041667223f));
  const FloatVec c4 = hn::MulAdd(Constant(0.00138823898f), r2, c32);
  return {hn::MulAdd(hn::MulAdd(c4, r2, c10), r2, r), hn::BitCast(IntTag(), t)};
}

/// 2^q for -126 <= q <= 127.
HWY_INLINE FloatVec PowerOfTwo(IntVec q_bits) {
  const IntVec one = hn::BitCast(IntTag(), Constant(1.0f));
  return hn::BitCast(FloatTag(), hn::Add(hn::ShiftLeft<23>(q_bits), one));
}

/// v 2^q for -252 <= q <= 254, in two steps of which only the second can round.
HWY_INLINE FloatVec Scale(FloatVec v, IntVec q_bits) {
  const IntVec q = hn::Sub(q_bits, hn::BitCast(IntTag(), Constant(kRounder)));
  const IntVec half = hn::ShiftRight<1>(q);
  return hn::Mul(hn::Mul(v, PowerOfTwo(half)), PowerOfTwo(hn::Sub(q, half)));
}

/// min(a, limit) that keeps a NaN in a, which the machine's own minimum may not.
HWY_INLINE FloatVec AtMost(FloatVec a, FloatVec limit) {
  return hn::IfThenElse(hn::Gt(a, limit), limit, a);
}

/// e^-a for a >= 0, down to the last denormal.
HWY_INLINE FloatVec ExpOfMinus(FloatVec a) {
  const ExpParts e = SplitExp(hn::Neg(AtMost(a, Constant(104.0f))));
  return Scale(hn::Add(Constant(1.0f), e.p), e.q_bits);
}

/// 1 / (1 + e^-x) and its complement 1 / (1 + e^x), both to full relative precision.
struct LogisticPair {
  FloatVec value, complement;
};
HWY_INLINE LogisticPair Logistic(FloatVec x) {
  const FloatVec one = Constant(1.0f);
  const FloatVec e = ExpOfMinus(hn::Abs(x));
  const FloatVec large = hn::Div(one, hn::Add(one, e));
  const FloatVec small = hn::Mul(e, large);
  const auto negative = hn::Lt(x, Constant(0.0f));
  return {hn::IfThenElse(negative, small, large), hn::IfThenElse(negative, large, small)};
}

/// x / (1 + e^-z), where `e` are the parts of e^-|z| and z has the sign of x.
HWY_INLINE FloatVec TimesLogistic(FloatVec x, const ExpParts& e) {
  const FloatVec one = Constant(1.0f);
  const FloatVec mantissa = hn::Add(one, e.p);
  const FloatVec divisor = hn::Add(one, Scale(mantissa, e.q_bits));
  const auto negative = hn::Lt(x, Constant(0.0f));
  const FloatVec quotient = hn::Div(hn::IfThenElse(negative, hn::Mul(x, mantissa), x), divisor);
  return hn::IfThenElse(negative, Scale(quotient, e.q_bits), quotient);
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#endif
