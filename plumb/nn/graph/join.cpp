// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/join.h"

#include <algorithm>
#include <cmath>

#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/ref/smooth.h"

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

void highway_forward(ConstView x, ConstView branch, ConstView z, View transform, View y) {
  dispatch(y.dtype, [&]<class T>(T) {
    const auto in = x.as<T>(), b = branch.as<T>();
    const auto t = transform.as<T>(), out = y.as<T>();
    elementwise_forward(ref::Sigmoid{}, z.as<T>().data(), t.data(), z.shape.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = t[i] * b[i] + (T{1} - t[i]) * in[i];
  });
}

void highway_backward(ConstView x, ConstView branch, ConstView z, ConstView transform,
                      ConstView grad_y, View into_branch, View carried, View grad_z) {
  dispatch(grad_y.dtype, [&]<class T>(T) {
    const auto in = x.as<T>(), b = branch.as<T>(), t = transform.as<T>(), g = grad_y.as<T>();
    const auto to_branch = into_branch.as<T>(), carry = carried.as<T>(), to_gate = grad_z.as<T>();
    for (std::size_t i = 0; i < g.size(); ++i) {
      to_branch[i] = t[i] * g[i];
      carry[i] = (T{1} - t[i]) * g[i];
      to_gate[i] = g[i] * (b[i] - in[i]);
    }
    elementwise_vjp(ref::Sigmoid{}, z.as<T>().data(), t.data(), to_gate.data(), to_gate.data(),
                    z.shape.size());
  });
}

}  // namespace plumb
