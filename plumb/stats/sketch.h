// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "plumb/core/strided_view.h"
#include "plumb/core/view.h"
#include "plumb/stats/histogram.h"

namespace plumb {

/// The number formats a tensor could be stored in instead of float.
enum class NumberFormat : std::uint8_t { fp16, bf16, fp8_e4m3, fp8_e5m2 };
inline constexpr std::size_t kNumberFormatCount = 4;
const char* to_string(NumberFormat format);

/// How many values a number format would lose. Exact counts over the non-zero finite values, of the
/// true value (2^log2_scale applied), rounding to nearest even:
///   flushed     |x| rounds to zero
///   subnormal   |x| is below the smallest normal number (before rounding) and is not flushed
///   overflowed  |x| rounds beyond the largest finite number
struct FormatLoss {
  std::uint64_t flushed = 0;
  std::uint64_t subnormal = 0;
  std::uint64_t overflowed = 0;
  friend bool operator==(const FormatLoss&, const FormatLoss&) = default;
};

/// One-pass, mergeable statistics of one tensor whose true values are `values * 2^log2_scale`, for
/// any finite log2_scale: a loss scale or a factor 1/3 need not be a power of two.
///
/// Moments and the histogram are of the stored values; add log2_scale to a logarithm, or use the
/// true_* members. Non-finite values are counted and left out of everything else. Counts are exact
/// integers.
///
/// Empty   count 0: mean, rms and var are 0; true_log2_rms is -infinity.
/// Units   var divides by n (finite values). Histogram bin k of kBins holds the values with
///         floor(log2 |x|) == k + kMinExponent; values below or above the range fall into the first
///         or last bin; zeros are in no bin. Only doubles are outside; subnormal floats share bin
///         0.
/// Threads A value type; use one object from one thread.
/// Source  Merging after Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm".
struct Sketch {
  static constexpr int kMinExponent = -127;
  static constexpr int kBins = static_cast<int>(Histogram::kBins);

  std::uint64_t count = 0;            ///< all values, finite or not
  std::uint64_t nonfinite_count = 0;  ///< NaN and both infinities
  std::uint64_t zero_count = 0;       ///< +0 and -0
  double mean = 0;
  double m2 = 0;  ///< sum of squared deviations from the mean
  double abs_max = 0;
  double log2_scale = 0;
  Histogram histogram;
  std::array<FormatLoss, kNumberFormatCount> format_loss{};

  std::uint64_t finite_count() const { return count - nonfinite_count; }
  double var() const;
  double rms() const;
  /// Fractions of `count`, 0 for an empty sketch.
  double zero_fraction() const;
  double nonfinite_fraction() const;
  /// log2 of the true rms: log2(rms()) + log2_scale; -infinity when rms is 0.
  double true_log2_rms() const;
  double true_log2_abs_max() const;
  /// log2 of the true median magnitude of the non-zero finite values, interpolated within its
  /// octave of the histogram; NaN when there is none.
  double true_log2_median() const;
  const FormatLoss& loss(NumberFormat format) const {
    return format_loss[static_cast<std::size_t>(format)];
  }

  /// Adds the other's values to this one's. Differing log2_scale are aligned to the larger one: the
  /// smaller one's values become smaller and its bins shift, by the whole difference exactly, by
  /// any other one to the nearest bin (a median is then off by half an octave at most). All else is
  /// as exact as before.
  void merge(const Sketch& other);
};

/// The sketch of a tensor, by the fastest kernel this machine has. Moments agree with a naive
/// double computation: for float and what is smaller the variance to 4e-6 of itself and the mean to
/// 1e-6 of the rms (for any bits; Gaussian tensors stay within 1e-6), for double both to 1e-12, and
/// where the squares leave the range of double m2 is infinity or 0.
Sketch sketch(ConstView x, double log2_scale = 0);

/// Of a tensor in any memory. What is dense under some order of its axes is read as it lies, else
/// runs are gathered a few thousand values at a time; an axis of stride 0 costs nothing.
Sketch sketch(const StridedView& x, double log2_scale = 0);

/// The same, into a sketch whose memory is reused.
void sketch_into(Sketch& out, ConstView x, double log2_scale = 0);
void sketch_into(Sketch& out, const StridedView& x, double log2_scale = 0);

/// The definition, in plain loops; the oracle of the fast kernels.
Sketch sketch_reference(ConstView x, double log2_scale = 0);
Sketch sketch_reference(const StridedView& x, double log2_scale = 0);

/// The instruction set that sketch() uses on this machine, e.g. "AVX3".
const char* sketch_target();

}  // namespace plumb
