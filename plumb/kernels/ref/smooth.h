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
