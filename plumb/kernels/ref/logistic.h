// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace plumb::ref {

/// 1 / (1 + e^-x), exact to rounding in both tails: the exponential is only taken of -|x|, so it
/// cannot overflow and the left tail keeps its relative precision.
template <class T>
T logistic(T x) {
  const T e = std::exp(-std::abs(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

/// The derivative of logistic, by e / (1 + e)^2 with e = e^-|x|. The popular y (1 - y) has lost
/// every digit where y rounds to 1 (x > 37 in double).
template <class T>
T logistic_slope(T x) {
  const T e = std::exp(-std::abs(x));
  return e / ((T(1) + e) * (T(1) + e));
}

}  // namespace plumb::ref
