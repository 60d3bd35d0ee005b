// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/gradient_sum.h"

#include <algorithm>
#include <cmath>

#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

bool is_zero(const Gradient& gradient) {
  return dispatch(gradient.values.dtype, [&]<class T>(T) {
    return abs_max(std::span<const T>(gradient.values.as<T>())) == 0;
  });
}

int common_scale(const Gradient& a, const Gradient& b) {
  if (is_zero(a)) return b.log2_scale;
  if (is_zero(b)) return a.log2_scale;
  return std::max(a.log2_scale, b.log2_scale);
}

/// A branch of zeros (a learned scale at its start) leaves the other way its bits, those of -0 too.
bool leaves_bits(const Gradient& gradient) {
  return dispatch(gradient.values.dtype, [&]<class T>(T) {
    const auto values = gradient.values.as<T>();
    return std::all_of(values.begin(), values.end(), [](T value) { return value == 0; });
  });
}

/// a = a * 2^log2_a + b * 2^log2_b. Precondition: an exponent above 0 belongs to an operand of
/// zeros.
void add_scaled(View a, int log2_a, ConstView b, int log2_b) {
  dispatch(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto sum = a.as<T>();
    const auto term = b.as<T>();
    const T factor_a = std::ldexp(T{1}, std::min(log2_a, 0));
    const T factor_b = std::ldexp(T{1}, std::min(log2_b, 0));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = factor_a * sum[i] + factor_b * term[i];
  });
}

}  // namespace

void scaled_copy(ConstView x, double scale, View out) {
  dispatch(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto in = x.as<T>();
    const auto result = out.as<T>();
    const T factor = static_cast<T>(scale);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = factor * in[i];
  });
}

void add(Gradient& sum, const Gradient& term) {
  if (leaves_bits(sum)) {
    scaled_copy(term.values, 1, sum.values);
    sum.log2_scale = term.log2_scale;
    return;
  }
  const int scale = common_scale(sum, term);
  add_scaled(sum.values, sum.log2_scale - scale, term.values, term.log2_scale - scale);
  sum.log2_scale = scale;
}

}  // namespace plumb
