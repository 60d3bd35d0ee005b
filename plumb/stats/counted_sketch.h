// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "plumb/stats/sketch.h"

namespace plumb {

/// What was counted of a tensor where it is, as by a kernel on a device: all that its sketch
/// follows from. Values are f32 (f16 and bf16 are read as such) or f64.
///
///   octaves[k]   how many have the magnitude of bin k of Sketch::histogram; those whose biased
///                exponent is 0, zeros among them, in octaves[0]; octaves[255]: no finite ones
///   limits[i]    how many finite ones have magnitude bits at or beyond the limit i of
///                sketch_limit_bits()
///   sum, squares of the finite ones, accumulated in double
///
/// Range   m2 = squares - sum^2 / n: for f32 good to 1e-5 of the variance where that is above 1e-8
///         of the squared mean; where squares of f64 leave the range of double it is infinity or 0.
struct CountedTensor {
  static constexpr std::size_t kOctaves = 256, kLimits = 12;

  std::uint64_t count = 0;  ///< all values
  std::uint64_t zeros = 0;
  std::span<const std::int32_t> octaves;
  std::span<const std::int32_t> limits;
  double abs_max = 0;
  double sum = 0, squares = 0;
};

/// The sketch of the values, each `times` times.
Sketch sketch(const CountedTensor& counted, std::uint64_t times, double log2_scale);

/// The limits of the number formats on magnitude bits, for FormatLoss: for each of not flushed,
/// normal and overflowed those of all formats.
void sketch_limit_bits(double log2_scale, bool is_double, std::span<std::uint64_t> limits);

}  // namespace plumb
