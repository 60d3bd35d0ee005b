// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <span>

#include "plumb/stats/sketch.h"
#include "tests/stats/every_target.h"

namespace plumb {

inline ConstView view_of(std::span<const float> x) {
  return {x.data(), DType::f32, Shape{static_cast<std::int64_t>(x.size())}};
}
inline ConstView view_of(std::span<const double> x) {
  return {x.data(), DType::f64, Shape{static_cast<std::int64_t>(x.size())}};
}

/// Counts exactly; the variance to 4e-6 relatively, the mean to 1e-6 of the rms.
inline testing::AssertionResult same_sketch(const Sketch& got, const Sketch& expected) {
  const auto differ = [](const char* what, auto a, auto b) {
    return testing::AssertionFailure() << what << " is " << a << ", expected " << b;
  };
  if (got.count != expected.count) return differ("count", got.count, expected.count);
  if (got.nonfinite_count != expected.nonfinite_count) {
    return differ("nonfinite_count", got.nonfinite_count, expected.nonfinite_count);
  }
  if (got.zero_count != expected.zero_count) {
    return differ("zero_count", got.zero_count, expected.zero_count);
  }
  if (got.abs_max != expected.abs_max) return differ("abs_max", got.abs_max, expected.abs_max);
  if (got.log2_scale != expected.log2_scale) {
    return differ("log2_scale", got.log2_scale, expected.log2_scale);
  }
  for (int k = 0; k < Sketch::kBins; ++k) {
    if (got.histogram[k] != expected.histogram[k]) {
      return differ("a bin", got.histogram[k], expected.histogram[k]) << " at bin " << k;
    }
  }
  for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
    const FormatLoss& a = got.format_loss[f];
    const FormatLoss& b = expected.format_loss[f];
    if (a.flushed != b.flushed) return differ("flushed", a.flushed, b.flushed) << " format " << f;
    if (a.subnormal != b.subnormal) {
      return differ("subnormal", a.subnormal, b.subnormal) << " format " << f;
    }
    if (a.overflowed != b.overflowed) {
      return differ("overflowed", a.overflowed, b.overflowed) << " format " << f;
    }
  }
  if (!(std::abs(got.mean - expected.mean) <= 1e-6 * expected.rms())) {
    return differ("mean", got.mean, expected.mean) << ", rms " << expected.rms();
  }
  // A spread below the rounding of the mean itself cannot be resolved better than that.
  const double m2_floor = 1e-12 * expected.mean * expected.mean * 1e-3;
  if (!(std::abs(got.var() - expected.var()) <= 4e-6 * expected.var() + m2_floor)) {
    return differ("var", got.var(), expected.var());
  }
  return testing::AssertionSuccess();
}

}  // namespace plumb
