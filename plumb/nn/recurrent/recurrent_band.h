// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "plumb/core/view.h"
#include "plumb/stats/magnitude.h"

/// The band that a recurrent layer keeps the gradient of a time step in, and how it is brought
/// there by powers of two. Not for users of the layer.
namespace plumb {

/// The scale of a signal of zeros, which has no say.
inline constexpr int kNoScale = std::numeric_limits<int>::min();

/// log2 of the largest magnitude that the signal may have, and of 1 / the smallest, before it is
/// rescaled. A step changes it by far less than what is left of the type's range.
template <class T>
inline constexpr int kBand = std::is_same_v<T, float> ? 40 : 400;

/// log2 of the smallest signal that is added to others: well above the denormals.
template <class T>
inline constexpr int kSmallest = std::is_same_v<T, float> ? -100 : -960;

template <class T>
void scale_by(T* values, std::int64_t count, int log2) {
  if (log2 != 0) scale_by_power_of_two(View{values, kDTypeOf<T>, Shape{count}}, log2);
}

/// The exponent of the largest magnitude, or kNoScale if there is no finite one but 0.
template <class T>
int exponent_of(const T* values, std::int64_t count) {
  const T largest = abs_max(std::span<const T>(values, static_cast<std::size_t>(count)));
  return largest > T(0) && std::isfinite(largest) ? std::ilogb(largest) : kNoScale;
}

template <class T>
bool all_zero(const T* values, std::int64_t count) {
  return std::all_of(values, values + count, [](T v) { return v == T(0); });
}

}  // namespace plumb
