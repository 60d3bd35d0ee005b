// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <numbers>

#include "plumb/kernels/ref/logistic.h"

/// The two forms of GELU. Each is a value f(x) and a vjp g f'(x). At +-inf they take their limits;
/// a NaN passes through.
namespace plumb::ref {

/// x Phi(x) with the normal distribution function Phi, by erfc, so the left tail is exact.
struct Gelu {
  template <class T>
  T value(T x) const {
    return x == -std::numeric_limits<T>::infinity() ? -T(0) : x * normal_cdf(x);
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    constexpr T kDensityAt0 = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
    const T density = kDensityAt0 * std::exp(T(-0.5) * x * x);
    const T tail = density == T(0) ? T(0) : x * density;  // inf * 0 has the limit 0
    return g * (normal_cdf(x) + tail);
  }

 private:
  template <class T>
  static T normal_cdf(T x) {
    return T(0.5) * std::erfc(x * (T(-1) / std::numbers::sqrt2_v<T>));
  }
};

/// x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3): the same as 0.5 x (1 + tanh u), but with an
/// exact left tail.
struct GeluTanh {
  static constexpr double kLinear = 2 * 0.79788456080286535588;  ///< 2 sqrt(2 / pi)
  static constexpr double kCubic = 0.044715 * kLinear;

  template <class T>
  T value(T x) const {
    return x == -std::numeric_limits<T>::infinity() ? -T(0) : x * logistic(exponent(x));
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    const T u2 = exponent(x);
    const T slope = logistic_slope(u2);
    const T factor = x * (static_cast<T>(kLinear) + T(3) * static_cast<T>(kCubic) * x * x);
    const T tail = slope == T(0) ? T(0) : factor * slope;  // inf * 0 has the limit 0
    return g * (logistic(u2) + tail);
  }

 private:
  template <class T>
  static T exponent(T x) {
    return x * (static_cast<T>(kLinear) + static_cast<T>(kCubic) * (x * x));
  }
};

}  // namespace plumb::ref
