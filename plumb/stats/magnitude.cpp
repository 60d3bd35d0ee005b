// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/magnitude.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/magnitude.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "plumb/stats/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float abs_max_f32(const float* x, std::size_t n) {
  // On the bits: as integers, magnitudes of floats order as the floats do, and NaN lie above
  // infinity.
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto magnitude_bits = hn::Set(di, 0x7fffffff);
  const auto infinity_bits = hn::Set(di, 0x7f800000);
  auto max0 = hn::Zero(di), max1 = hn::Zero(di);
  const auto number_bits = [&](std::size_t i) HWY_ATTR {
    const auto bits = hn::And(hn::BitCast(di, hn::LoadU(df, x + i)), magnitude_bits);
    return hn::IfThenZeroElse(hn::Gt(bits, infinity_bits), bits);
  };
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    max0 = hn::Max(max0, number_bits(i));
    max1 = hn::Max(max1, number_bits(i + lanes));
  }
  std::int32_t max = hn::GetLane(hn::MaxOfLanes(di, hn::Max(max0, max1)));
  for (; i < n; ++i) {
    const std::int32_t bits = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
    if (bits <= 0x7f800000 && bits > max) max = bits;
  }
  return std::bit_cast<float>(max);
}

void multiply_f32(float* x, std::size_t n, const std::array<float, 3>& factors) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  const auto f0 = hn::Set(df, factors[0]);
  const auto f1 = hn::Set(df, factors[1]);
  const auto f2 = hn::Set(df, factors[2]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto product = hn::Mul(hn::Mul(hn::Mul(hn::LoadU(df, x + i), f0), f1), f2);
    hn::StoreU(product, df, x + i);
  }
  for (; i < n; ++i) x[i] = x[i] * factors[0] * factors[1] * factors[2];
}

/// A product of two floats is always a normal double.
double dot_f32(const float* a, const float* b, std::size_t n) {
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> df;
  const std::size_t lanes = hn::Lanes(dd);
  auto sum0 = hn::Zero(dd), sum1 = hn::Zero(dd), sum2 = hn::Zero(dd), sum3 = hn::Zero(dd);
  const auto a_at = [&](std::size_t i) HWY_ATTR { return hn::PromoteTo(dd, hn::LoadU(df, a + i)); };
  const auto b_at = [&](std::size_t i) HWY_ATTR { return hn::PromoteTo(dd, hn::LoadU(df, b + i)); };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = hn::MulAdd(a_at(i), b_at(i), sum0);
    sum1 = hn::MulAdd(a_at(i + lanes), b_at(i + lanes), sum1);
    sum2 = hn::MulAdd(a_at(i + 2 * lanes), b_at(i + 2 * lanes), sum2);
    sum3 = hn::MulAdd(a_at(i + 3 * lanes), b_at(i + 3 * lanes), sum3);
  }
  double sum = hn::GetLane(hn::SumOfLanes(dd, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

double dot_f64(const double* a, const double* b, std::size_t n) {
  const hn::ScalableTag<double> dd;
  const std::size_t lanes = hn::Lanes(dd);
  auto sum0 = hn::Zero(dd), sum1 = hn::Zero(dd), sum2 = hn::Zero(dd), sum3 = hn::Zero(dd);
  const auto add = [&](std::size_t i, auto& to) HWY_ATTR {
    to = hn::MulAdd(hn::LoadU(dd, a + i), hn::LoadU(dd, b + i), to);
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    add(i, sum0);
    add(i + lanes, sum1);
    add(i + 2 * lanes, sum2);
    add(i + 3 * lanes, sum3);
  }
  double sum = hn::GetLane(hn::SumOfLanes(dd, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Four sums of at most 32 squares a lane, each in float.
HWY_INLINE double squares_of_block(const float* x, std::size_t n) {
  std::size_t i = 0;
  double sum = sum_of_vectors(
      x, n, i, [](auto v, auto& squares) HWY_ATTR { squares = hn::MulAdd(v, v, squares); });
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

double sum_of_squares_f32(const float* x, std::size_t n) {
  constexpr std::size_t kBlock = 32 * 4 * HWY_LANES(float);
  // What a square loses when it underflows, 2^-126 for each value, is nothing beside this; and what
  // has overflowed is beyond the other.
  constexpr double kLeast = 0x1p-80, kMost = 0x1p126;
  double total = 0;
  for (std::size_t i = 0; i < n; i += kBlock) {
    const std::size_t count = std::min(kBlock, n - i);
    const double sum = seems_small(x + i, count) ? 0 : squares_of_block(x + i, count);
    total += kLeast < sum && sum < kMost ? sum : dot_f32(x + i, x + i, count);
  }
  return total;
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <limits>

#include "plumb/core/scaled_squares.h"
#include "plumb/core/strided_reader.h"
#include "plumb/stats/widen.h"

namespace plumb {

HWY_EXPORT(abs_max_f32);
HWY_EXPORT(multiply_f32);
HWY_EXPORT(dot_f32);
HWY_EXPORT(dot_f64);
HWY_EXPORT(sum_of_squares_f32);

namespace {

/// 2^log2 as three factors of T to be applied in order. The first one takes the part of log2 that
/// is not a multiple of the largest step: if it has to round, to a subnormal, then the next one
/// makes that zero, which is also the true result; so no value is rounded twice.
template <class T>
std::array<T, 3> power_of_two_factors(int log2) {
  constexpr int step =
      std::numeric_limits<T>::max_exponent - 2;  // 2^step and 2^-step are both normal
  const int bounded = std::clamp(log2, -3 * step, 3 * step);
  const int whole_steps = std::min(2, std::abs(bounded) / step);
  const int signed_step = bounded < 0 ? -step : step;
  const int rest = bounded - whole_steps * signed_step;
  const T factor = std::scalbn(T{1}, signed_step);
  return {std::scalbn(T{1}, rest), whole_steps > 0 ? factor : T{1},
          whole_steps > 1 ? factor : T{1}};
}

/// The squares of doubles, a block at a time: as they are where their sum is far from both ends of
/// the range, and else of values brought to about 1.
void add_squares(std::span<const double> x, ScaledSquares& squares) {
  constexpr std::size_t kBlock = 2048;
  constexpr double kLeast = 0x1p-900, kMost = 0x1p1000;
  for (std::size_t i = 0; i < x.size(); i += kBlock) {
    const std::span<const double> block = x.subspan(i, std::min(kBlock, x.size() - i));
    const double sum = HWY_DYNAMIC_DISPATCH(dot_f64)(block.data(), block.data(), block.size());
    const bool is_safe = kLeast < sum && sum < kMost;
    const double largest = is_safe ? 0 : abs_max(block);
    if (is_safe || largest == 0 || std::isinf(largest) || std::isnan(sum)) {
      squares.add(sum, 0);  // NaN and infinity are the sum too
      continue;
    }
    const int exponent = std::ilogb(largest);
    double scaled_sum = 0;
    for (const double v : block) {
      const double scaled = std::scalbn(v, -exponent);
      scaled_sum += scaled * scaled;
    }
    squares.add(scaled_sum, exponent);
  }
}

constexpr std::size_t kGathered = 2048;  ///< of two tensors, so that doubles stay in the cache

/// The elements of a view as T (float or double), in order and in parts of kGathered.
template <class T>
class WideReader {
 public:
  explicit WideReader(const StridedView& view) : reader_(view), type_(view.type) {}

  std::span<const T> next() {
    const StridedReader::Piece piece = reader_.next(kGathered, gathered_.data());
    if (type_ == kType) return {static_cast<const T*>(piece.data), piece.count};
    widen(type_, piece.data, piece.count, wide_.data());
    return {wide_.data(), piece.count};
  }

 private:
  static constexpr ElementType kType = sizeof(T) == 8 ? ElementType::f64 : ElementType::f32;
  StridedReader reader_;
  ElementType type_;
  alignas(64) std::array<std::byte, kGathered * sizeof(T)> gathered_;
  alignas(64) std::array<T, kGathered> wide_;
};

double sum_of_products(std::span<const float> a, std::span<const float> b) {
  return HWY_DYNAMIC_DISPATCH(dot_f32)(a.data(), b.data(), a.size());
}
double sum_of_products(std::span<const double> a, std::span<const double> b) {
  return HWY_DYNAMIC_DISPATCH(dot_f64)(a.data(), b.data(), a.size());
}

template <class T>
double dot_of(const StridedView& a, const StridedView& b) {
  WideReader<T> a_reader(a), b_reader(b);
  double sum = 0;
  for (std::span<const T> part = a_reader.next(); !part.empty(); part = a_reader.next()) {
    sum += sum_of_products(part, b_reader.next());
  }
  return sum;
}

}  // namespace

float abs_max(std::span<const float> x) {
  return HWY_DYNAMIC_DISPATCH(abs_max_f32)(x.data(), x.size());
}

double abs_max(std::span<const double> x) {
  double max = 0;
  for (const double v : x) {
    if (std::abs(v) > max) max = std::abs(v);  // false for NaN
  }
  return max;
}

void scale_by_power_of_two(View x, int log2) {
  if (log2 == 0) return;
  if (x.dtype == DType::f32) {
    const std::span<float> values = x.as<float>();
    HWY_DYNAMIC_DISPATCH(multiply_f32)
    (values.data(), values.size(), power_of_two_factors<float>(log2));
    return;
  }
  const std::array<double, 3> factors = power_of_two_factors<double>(log2);
  for (double& v : x.as<double>()) v = v * factors[0] * factors[1] * factors[2];
}

double log2_rms(ConstView x) {
  if (x.dtype == DType::f64) return log2_rms(StridedView(x));
  if (x.shape.size() == 0) return -std::numeric_limits<double>::infinity();
  const std::span<const float> values = x.as<float>();
  const double sum = HWY_DYNAMIC_DISPATCH(sum_of_squares_f32)(values.data(), values.size());
  return 0.5 * std::log2(sum / static_cast<double>(values.size()));
}

double log2_rms(const StridedView& x) {
  const StridedView once = in_any_order(x).view;
  const auto count = static_cast<double>(once.size());
  if (count == 0) return -std::numeric_limits<double>::infinity();
  if (x.type == ElementType::f64) {
    ScaledSquares squares;
    WideReader<double> reader(once);
    for (auto part = reader.next(); !part.empty(); part = reader.next()) {
      add_squares(part, squares);
    }
    return squares.log2_rms(count);
  }
  double sum = 0;
  WideReader<float> reader(once);
  for (auto part = reader.next(); !part.empty(); part = reader.next()) {
    sum += HWY_DYNAMIC_DISPATCH(sum_of_squares_f32)(part.data(), part.size());
  }
  return 0.5 * std::log2(sum / count);
}

double dot(ConstView a, ConstView b) {
  PLUMB_CHECK(a.dtype == b.dtype);
  PLUMB_CHECK(a.shape.size() == b.shape.size());
  if (a.dtype == DType::f32) {
    const std::span<const float> x = a.as<float>(), y = b.as<float>();
    return HWY_DYNAMIC_DISPATCH(dot_f32)(x.data(), y.data(), x.size());
  }
  const std::span<const double> x = a.as<double>(), y = b.as<double>();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

double dot(const StridedView& a, const StridedView& b) {
  StridedView x = a, y = b;
  arrange_together(x, y);
  const bool has_double = a.type == ElementType::f64 || b.type == ElementType::f64;
  return has_double ? dot_of<double>(x, y) : dot_of<float>(x, y);
}

}  // namespace plumb
#endif  // HWY_ONCE
