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

struct Accuracy {
  double mean;  ///< relative to the rms
  double var;   ///< relative
};
inline constexpr Accuracy kFloatAccuracy{1e-6, 4e-6};
inline constexpr Accuracy kDoubleAccuracy{1e-12, 1e-12};

/// Counts exactly, moments to the given accuracy.
inline testing::AssertionResult same_sketch(const Sketch& got, const Sketch& expected,
                                            Accuracy accuracy = kFloatAccuracy) {
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
  constexpr double kFewUnits = 1e-322;  // of the smallest double
  if (!(std::abs(got.mean - expected.mean) <= accuracy.mean * expected.rms() + kFewUnits)) {
    return differ("mean", got.mean, expected.mean) << ", rms " << expected.rms();
  }
  if (got.m2 == expected.m2) return testing::AssertionSuccess();  // infinity too
  // A spread below the rounding of the mean itself cannot be resolved better than that; nor can
  // squares below all normal numbers.
  const double rounding = accuracy.mean * accuracy.mean * 1e-3 * expected.mean * expected.mean;
  if (!(std::abs(got.var() - expected.var()) <=
        accuracy.var * expected.var() + rounding + 1e-310)) {
    return differ("var", got.var(), expected.var());
  }
  return testing::AssertionSuccess();
}

}  // namespace plumb
