// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/join.h"

#include <algorithm>
#include <cmath>

namespace plumb {

void join_forward(ConstView shortcut, ConstView branch, double scale, View y) {
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto s = shortcut.as<T>();
    const auto b = branch.as<T>();
    const auto out = y.as<T>();
    const T factor = static_cast<T>(scale);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = s[i] + factor * b[i];
  });
}

void scaled_copy(ConstView x, double scale, View out) {
  dispatch(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto in = x.as<T>();
    const auto result = out.as<T>();
    const T factor = static_cast<T>(scale);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = factor * in[i];
  });
}

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

}  // namespace plumb
