// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Activations made of straight pieces, and of a parabola. Each is a value f(x) and a vjp g f'(x),
/// y = f(x) at hand; comparisons are written so that a NaN passes through. Kinks as in PyTorch.
namespace plumb::ref {

struct Identity {
  template <class T>
  T value(T x) const {
    return x;
  }
  template <class T>
  T vjp(T /*x*/, T /*y*/, T g) const {
    return g;
  }
};

/// max(0, x); f'(0) = 0. The vjp selects, so a non-finite g does not leak through a closed unit.
struct Relu {
  template <class T>
  T value(T x) const {
    return x < T(0) ? T(0) : x;
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x <= T(0) ? T(0) : g;
  }
};

/// x for x > 0, slope x otherwise; f'(0) = slope.
struct LeakyRelu {
  double slope = 0.01;

  template <class T>
  T value(T x) const {
    return x > T(0) ? x : static_cast<T>(slope) * x;
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x > T(0) ? g : static_cast<T>(slope) * g;
  }
};

/// x clamped to [low, high]; f'(low) = f'(high) = 0. ReLU6 has the limits 0 and 6.
struct Hardtanh {
  double low = -1;
  double high = 1;

  template <class T>
  T value(T x) const {
    const T a = static_cast<T>(low), b = static_cast<T>(high);
    return x < a ? a : x > b ? b : x;
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x <= static_cast<T>(low) || x >= static_cast<T>(high) ? T(0) : g;
  }
};

/// x ReLU6(x + 3) / 6: 0 for x <= -3, x for x >= 3, a parabola between. With the kinks of ReLU6
/// f'(-3) = 0 and f'(3) = 1. At -inf the limit 0.
struct Hardswish {
  template <class T>
  T value(T x) const {
    return x <= T(-3) ? T(0) : x >= T(3) ? x : x * ((x + T(3)) / T(6));
  }
  template <class T>
  T vjp(T x, T /*y*/, T g) const {
    return x <= T(-3) ? T(0) : x >= T(3) ? g : g * (x / T(3) + T(0.5));
  }
};

}  // namespace plumb::ref
