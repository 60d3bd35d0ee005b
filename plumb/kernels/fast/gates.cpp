// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/gates.h"

#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/gates.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway asks.
#include "plumb/kernels/fast/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {

template <std::size_t kCount>
using In = std::array<const float*, kCount>;
template <std::size_t kCount>
using Out = std::array<float*, kCount>;

/// step(in, out, i) for each vector of elements from i on. The rest goes through the same code in
/// padded buffers.
template <class Step, std::size_t kIn, std::size_t kOut>
HWY_INLINE void ForEach(const Step& step, const In<kIn>& in, const Out<kOut>& out,
                        std::int64_t count) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) step(in, out, i);
  if (i == count) return;
  constexpr std::size_t kLanes = hn::MaxLanes(FloatTag());
  HWY_ALIGN float in_rest[kIn][kLanes] = {};
  HWY_ALIGN float out_rest[kOut][kLanes];
  In<kIn> from;
  Out<kOut> to;
  const auto rest = static_cast<std::size_t>(count - i);
  for (std::size_t k = 0; k < kIn; ++k) {
    for (std::size_t j = 0; j < rest; ++j) in_rest[k][j] = in[k][static_cast<std::size_t>(i) + j];
    from[k] = in_rest[k];
  }
  for (std::size_t k = 0; k < kOut; ++k) to[k] = out_rest[k];
  step(from, to, 0);
  for (std::size_t k = 0; k < kOut; ++k) {
    for (std::size_t j = 0; j < rest; ++j) out[k][static_cast<std::size_t>(i) + j] = out_rest[k][j];
  }
}

HWY_INLINE FloatVec Load(const float* p, std::int64_t i) { return hn::LoadU(FloatTag(), p + i); }
HWY_INLINE void Store(FloatVec v, float* p, std::int64_t i) { hn::StoreU(v, FloatTag(), p + i); }

/// A value numerator / denominator with a denominator in [1, 2], so that several can share one
/// division. A NaN is in the numerator alone and stays there.
struct Fraction {
  FloatVec numerator, denominator;
};

/// e^-a - 1 for a >= 0 (a NaN stays one), by its parts.
struct MinusOne {
  FloatVec p, power;
};
HWY_INLINE MinusOne ExpMinus(FloatVec a) {
  const ExpParts e = SplitExp(hn::Neg(AtMost(a, Constant(87.0f))));
  return {e.p, PowerOfTwo(e.q_bits)};
}

HWY_INLINE FloatVec OneIfNan(FloatVec denominator) {
  return hn::IfThenElse(hn::Eq(denominator, denominator), denominator, Constant(1.0f));
}

/// 1 / (1 + e^-x) = e^-|x| / (1 + e^-|x|) on the left.
HWY_INLINE Fraction LogisticFraction(FloatVec x) {
  const MinusOne e = ExpMinus(hn::Abs(x));
  const FloatVec exp = hn::MulAdd(e.p, e.power, e.power);
  const FloatVec numerator = hn::IfThenElse(hn::Ge(x, Constant(0.0f)), Constant(1.0f), exp);
  return {numerator, OneIfNan(hn::Add(Constant(1.0f), exp))};
}

/// (1 - e^-2a) / (1 + e^-2a) with a = |x|, where e^-2a -+ 1 = p 2^q + (2^q -+ 1) does not cancel.
HWY_INLINE Fraction TanhFraction(FloatVec x) {
  const FloatVec a = hn::Abs(x), one = Constant(1.0f);
  const MinusOne e = ExpMinus(hn::Add(a, a));
  const FloatVec below = hn::NegMulAdd(e.p, e.power, hn::Sub(one, e.power));
  const FloatVec above = hn::MulAdd(e.p, e.power, hn::Add(one, e.power));
  return {hn::CopySign(below, x), OneIfNan(above)};
}

HWY_INLINE FloatVec Tanh(FloatVec x) {
  const Fraction f = TanhFraction(x);
  return hn::Div(f.numerator, f.denominator);
}

/// Values of two fractions by one division.
struct Two {
  FloatVec a, b;
};
HWY_INLINE Two Divide(const Fraction& a, const Fraction& b) {
  const FloatVec inverse = hn::Div(Constant(1.0f), hn::Mul(a.denominator, b.denominator));
  return {hn::Mul(a.numerator, hn::Mul(b.denominator, inverse)),
          hn::Mul(b.numerator, hn::Mul(a.denominator, inverse))};
}

/// y (1 - y).
HWY_INLINE FloatVec LogisticSlope(FloatVec y) { return hn::NegMulAdd(y, y, y); }
/// 1 - y^2.
HWY_INLINE FloatVec TanhSlope(FloatVec y) { return hn::NegMulAdd(y, y, Constant(1.0f)); }

}  // namespace

void LstmForward(const ref::LstmForward<float>& a, std::int64_t count) {
  const auto step = [](const In<5>& in, const Out<6>& out, std::int64_t k) {
    const Two i_f = Divide(LogisticFraction(Load(in[0], k)), LogisticFraction(Load(in[1], k)));
    const Two g_o = Divide(TanhFraction(Load(in[2], k)), LogisticFraction(Load(in[3], k)));
    const FloatVec c = hn::MulAdd(i_f.b, Load(in[4], k), hn::Mul(i_f.a, g_o.a));
    Store(i_f.a, out[0], k);
    Store(i_f.b, out[1], k);
    Store(g_o.a, out[2], k);
    Store(g_o.b, out[3], k);
    Store(c, out[4], k);
    Store(hn::Mul(g_o.b, Tanh(c)), out[5], k);
  };
  ForEach(step, In<5>{a.input, a.forget, a.cell, a.output, a.c_before},
          Out<6>{a.input, a.forget, a.cell, a.output, a.c, a.h}, count);
}

void LstmBackward(const ref::LstmBackward<float>& a, std::int64_t count) {
  const auto step = [](const In<8>& in, const Out<6>& out, std::int64_t k) {
    const FloatVec i = Load(in[0], k), f = Load(in[1], k), g = Load(in[2], k), o = Load(in[3], k);
    const FloatVec tanh_c = Tanh(Load(in[4], k)), grad_h = Load(in[6], k);
    const FloatVec grad_c = hn::MulAdd(hn::Mul(grad_h, o), TanhSlope(tanh_c), Load(in[7], k));
    const FloatVec c_before = Load(in[5], k);
    Store(grad_c, out[0], k);
    Store(hn::Mul(grad_c, f), out[1], k);
    Store(hn::Mul(hn::Mul(grad_c, g), LogisticSlope(i)), out[2], k);
    Store(hn::Mul(hn::Mul(grad_c, c_before), LogisticSlope(f)), out[3], k);
    Store(hn::Mul(hn::Mul(grad_c, i), TanhSlope(g)), out[4], k);
    Store(hn::Mul(hn::Mul(grad_h, tanh_c), LogisticSlope(o)), out[5], k);
  };
  ForEach(step, In<8>{a.input, a.forget, a.cell, a.output, a.c, a.c_before, a.grad_h, a.carry_c},
          Out<6>{a.grad_c, a.carry_c, a.z_input, a.z_forget, a.z_cell, a.z_output}, count);
}

void GruForward(const ref::GruForward<float>& a, std::int64_t count) {
  const auto step = [](const In<5>& in, const Out<4>& out, std::int64_t k) {
    const Two r_z = Divide(LogisticFraction(Load(in[0], k)), LogisticFraction(Load(in[1], k)));
    const FloatVec n = Tanh(hn::MulAdd(r_z.a, Load(in[2], k), Load(in[3], k)));
    Store(r_z.a, out[0], k);
    Store(r_z.b, out[1], k);
    Store(n, out[2], k);
    // (1 - z) n + z h, where 1 - z is rounded first, as in the reference.
    Store(hn::MulAdd(hn::Sub(Constant(1.0f), r_z.b), n, hn::Mul(r_z.b, Load(in[4], k))), out[3], k);
  };
  ForEach(step, In<5>{a.reset, a.update, a.hidden_part, a.candidate, a.h_before},
          Out<4>{a.reset, a.update, a.candidate, a.h}, count);
}

void GruBackward(const ref::GruBackward<float>& a, std::int64_t count) {
  const auto step = [](const In<6>& in, const Out<5>& out, std::int64_t k) {
    const FloatVec r = Load(in[0], k), z = Load(in[1], k), n = Load(in[3], k);
    const FloatVec grad_h = Load(in[5], k);
    const FloatVec z_candidate = hn::Mul(hn::Mul(grad_h, hn::Sub(Constant(1.0f), z)), TanhSlope(n));
    Store(hn::Mul(grad_h, z), out[0], k);
    Store(hn::Mul(hn::Mul(z_candidate, Load(in[2], k)), LogisticSlope(r)), out[1], k);
    Store(hn::Mul(hn::Mul(grad_h, hn::Sub(Load(in[4], k), n)), LogisticSlope(z)), out[2], k);
    Store(hn::Mul(z_candidate, r), out[3], k);
    Store(z_candidate, out[4], k);
  };
  ForEach(step, In<6>{a.reset, a.update, a.hidden_part, a.candidate, a.h_before, a.grad_h},
          Out<5>{a.carry_h, a.z_reset, a.z_update, a.z_hidden, a.z_candidate}, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

HWY_EXPORT(LstmForward);
HWY_EXPORT(LstmBackward);
HWY_EXPORT(GruForward);
HWY_EXPORT(GruBackward);

void lstm_forward(const ref::LstmForward<float>& a, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(LstmForward)(a, count);
}
void lstm_backward(const ref::LstmBackward<float>& a, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(LstmBackward)(a, count);
}
void gru_forward(const ref::GruForward<float>& a, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(GruForward)(a, count);
}
void gru_backward(const ref::GruBackward<float>& a, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(GruBackward)(a, count);
}

}  // namespace plumb::fast
#endif
