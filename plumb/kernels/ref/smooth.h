// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "plumb/kernels/ref/logistic.h"

/// Activations made of exponentials. Each is a value f(x) and a vjp g f'(x), y = f(x) at hand. At
/// +-inf they take their limits; a NaN passes through.
///
/// Derivatives of sigmoid and tanh: double takes the exact tail, e / (1 + e)^2, because deep
/// saturated chains are measured there. float takes y (1 - y) and 1 - y^2 as PyTorch does: a float
/// training loses the tail too, and the loss is what is to be seen.
namespace plumb::ref {

template <class T>
inline constexpr bool kExactTail = std::is_same_v<T, double>;

struct Sigmoid {
  template <class T>
  T value(T x) const {
    return logistic(x);
  }
  template <class T>
  T vjp(T x, T y, T g) const {
    if constexpr (kExactTail<T>) return g * logistic_slope(x);
    return g * ((T(1) - y) * y);
  }
};

struct Tanh {
  template <class T>
  T value(T x) const {
    return std::tanh(x);
  }
  template <class T>
  T vjp(T x, T y, T g) const {
    if constexpr (kExactTail<T>) return g * (T(4) * logistic_slope(T(2) * x));
    return g * (T(1) - y * y);
  }
};

/// scale x for x > 0, scale alpha (e^x - 1) otherwise; f'(0) = scale alpha. ELU has scale 1.
struct ScaledElu {
  double alpha = 1;
  double scale = 1;

  template <class T>
  T value(T x) const {
    return x > T(0) ? static_cast<T>(scale) * x : static_cast<T>(scale * alpha) * std::expm1(x);
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x > T(0) ? g * static_cast<T>(scale) : g * (static_cast<T>(scale * alpha) * std::exp(x));
  }
};

/// e^x.
struct Exponential {
  template <class T>
  T value(T x) const {
    return std::exp(x);
  }
  template <class T>
  T vjp(T /*x*/, T y, T g) const {
    return g * y;
  }
};

/// x for x > 0, alpha (e^(x / alpha) - 1) otherwise, alpha > 0; f'(0) = 1 on both sides.
struct Celu {
  double alpha = 1;

  template <class T>
  T value(T x) const {
    const T a = static_cast<T>(alpha);
    return x > T(0) ? x : a * std::expm1(x / a);
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x > T(0) ? g : g * std::exp(x / static_cast<T>(alpha));
  }
};

/// x sigmoid(x).
struct Silu {
  template <class T>
  T value(T x) const {
    return x == -std::numeric_limits<T>::infinity() ? -T(0) : x * logistic(x);
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    const T slope = logistic_slope(x);
    const T tail = slope == T(0) ? T(0) : x * slope;  // inf * 0 has the limit 0
    return g * (logistic(x) + tail);
  }
};

/// x tanh(log(1 + e^x)), where tanh(log u) = (u^2 - 1) / (u^2 + 1): with t = e^-|x| nothing cancels
/// and nothing overflows, and the left tail keeps its relative precision.
struct Mish {
  template <class T>
  T value(T x) const {
    return x == -std::numeric_limits<T>::infinity() ? -T(0) : x * tanh_of_softplus(x);
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    const T slope = slope_of_tanh(x);
    const T tail = slope == T(0) ? T(0) : x * slope;  // inf * 0 has the limit 0
    return g * (tanh_of_softplus(x) + tail);
  }
  /// The derivative of tanh(log(1 + e^x)), 4 e^x (1 + e^x) / (e^2x + 2 e^x + 2)^2.
  template <class T>
  static T slope_of_tanh(T x) {
    const T t = std::exp(-std::abs(x));
    const T root = T(1) / divisor(x, t);
    return T(4) * (x < T(0) ? t : t * t) * (T(1) + t) * (root * root);
  }
  /// (e^2x + 2 e^x + 2) min(1, e^-2x).
  template <class T>
  static T divisor(T x, T t) {
    return x < T(0) ? T(2) + t * (T(2) + t) : T(1) + T(2) * t * (T(1) + t);
  }

 private:
  template <class T>
  static T tanh_of_softplus(T x) {
    const T t = std::exp(-std::abs(x));
    return (x < T(0) ? t * (T(2) + t) : T(1) + T(2) * t) / divisor(x, t);
  }
};

/// log(1 + e^x) without a threshold (PyTorch returns x beyond 20, which differs by 2e-9 there).
struct Softplus {
  template <class T>
  T value(T x) const {
    return (x < T(0) ? T(0) : x) + std::log1p(std::exp(-std::abs(x)));
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return g * logistic(x);
  }
};

/// x / (1 + |x|).
struct Softsign {
  template <class T>
  T value(T x) const {
    return std::isinf(x) ? std::copysign(T(1), x) : x / (T(1) + std::abs(x));
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    const T slope_root = T(1) / (T(1) + std::abs(x));
    return g * (slope_root * slope_root);
  }
};

}  // namespace plumb::ref
