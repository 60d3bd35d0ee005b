// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_DOUBLE_SKETCHER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_DOUBLE_SKETCHER_INL_H_
#undef PLUMB_STATS_DOUBLE_SKETCHER_INL_H_
#else
#define PLUMB_STATS_DOUBLE_SKETCHER_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "plumb/stats/double_pass-inl.h"
#include "plumb/stats/format_limits.h"
#include "plumb/stats/octave_counts-inl.h"
#include "plumb/stats/sketch.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::DoubleSketchLimits;

/// As FloatSketcher, of doubles: the octaves are counted from the same keys, with what lies outside
/// of float's range in the first and last bin; limits are compared with the doubles themselves,
/// unless they are the edge of an octave that has a bin.
class DoubleSketcher {
 public:
  DoubleSketcher(const DoubleSketchLimits& limits, Sketch& out) : limits_(limits), out_(out) {
    out_.nonfinite_count = 0;
    out_.zero_count = 0;
    out_.mean = 0;
    out_.m2 = 0;
  }

  /// `following`: how many values behind x[n - 1] will be read soon.
  void add(const double* x, std::size_t n, std::size_t following) {
    constexpr std::size_t kAhead = kAheadBytes / sizeof(double);
    for (std::size_t i = 0; i < n; i += kDoubleBlock) {
      const std::size_t count = std::min(kDoubleBlock, n - i), left = n - i + following;
      add_block(x + i, count, std::min(count, left - std::min(kAhead, left)));
    }
  }

  void finish() {
    out_.mean = reference_ + mean_;
    out_.m2 = m2_;
    out_.abs_max = std::bit_cast<double>(max_bits_);
    // These limits are none of doubles, so that what they count is overwritten.
    alignas(64) constexpr std::array<std::uint32_t, detail::SketchLimits::kPadded> kNone{};
    octaves_.finish(detail::SketchLimits{}, kNone.data(), out_);
    count_losses();
  }

 private:
  void add_block(const double* x, std::size_t n, std::size_t asking) {
    HWY_ALIGN Key keys[kDoubleBlock];
    const DoublePass pass = read_doubles(x, n, keys, asking);
    if (pass.max_high >= kDoubleInfinityHigh) {
      add_finite_of(x, n);
      return;
    }
    max_bits_ = std::max(max_bits_, pass.max_bits);
    if (pass.max_bits == 0) {
      out_.zero_count += n;
      add_moments(DoubleMoments{}, n);
      return;
    }
    // A mean beyond the deviation would take digits from the variance.
    const double share = 1.0 / static_cast<double>(n), sum = pass.sum;
    const bool is_safe = kDoubleSafeLowHigh <= pass.max_high && pass.max_high < kDoubleSafeHighHigh;
    if (is_safe && sum * sum * share <= 0.5 * pass.squares) {
      add_moments({0, 0.0, sum, pass.squares}, n);
    } else {
      const int log2_factor = is_safe ? 0 : pass.max_high < kDoubleSafeLowHigh ? 600 : -600;
      add_moments(double_moments_about_pivot(x, n, log2_factor), n);
    }
    count_block(x, keys, n, pass);
  }

  HWY_NOINLINE void add_finite_of(const double* x, std::size_t n) {
    double finite[kDoubleBlock];
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
      finite[count] = x[i];
      count += (std::bit_cast<std::uint64_t>(x[i]) & kDoubleInfinity) != kDoubleInfinity;
    }
    out_.nonfinite_count += n - count;
    if (count != 0) add_block(finite, count, 0);
  }

  /// Chan, Golub, LeVeque 1979, as Sketch::merge; but means are relative to the first block's
  /// pivot, so that a large one common to all takes no digits from their differences.
  HWY_INLINE void add_moments(const DoubleMoments& of, std::size_t n) {
    const auto n_b = static_cast<double>(n);
    const double mean_d = of.sum_d / n_b;
    double m2 = std::max(0.0, of.sum_dd - of.sum_d * mean_d);
    double pivot = of.pivot, mean = mean_d;
    if (of.log2_factor != 0) {
      m2 = std::ldexp(m2, -2 * of.log2_factor);
      pivot = std::ldexp(of.pivot + mean_d, -of.log2_factor);
      mean = 0;  // a difference of two of the largest doubles is none
    }
    if (finite_count_ == 0) {
      reference_ = pivot;
      mean_ = mean;
      m2_ = m2;
    } else {
      const double delta = (pivot - reference_) + (mean - mean_);
      const double part = n_b / (finite_count_ + n_b);
      mean_ += std::isfinite(delta) ? delta * part
                                    : (pivot * part - reference_ * part) + (mean - mean_) * part;
      m2_ += m2 + delta * delta * (finite_count_ * part);
    }
    finite_count_ += n_b;
  }

  HWY_INLINE void count_block(const double* x, const Key* keys, std::size_t n,
                              const DoublePass& pass) {
    constexpr auto kWindow = static_cast<int>(kOctaveWindow);
    NonzeroOfBlock nonzero{static_cast<std::uint32_t>(n), pass.min_high, pass.may_have_powers};
    if (pass.min_high < kLeastFloatHigh) nonzero = scan_zeros(x, n);
    out_.zero_count += n - nonzero.count;
    const std::size_t padded_n = (n + kKeyGroup - 1) / kKeyGroup * kKeyGroup;
    HWY_ALIGN std::uint32_t counts[kOctaveWindow];
    std::uint32_t left = nonzero.count;
    // Octave 0 is left to what is left: zeros have its key too.
    int highest = std::max(octave_of_high(pass.max_high), kWindow);
    for (bool is_first = true; left > 0 && highest > 0; highest -= kWindow, is_first = false) {
      count_octaves(keys, padded_n, highest, is_first, counts);
      if (highest < kWindow) counts[kWindow - 1 - highest] = 0;
      left -= octaves_.add(counts, highest - kWindow + 1);
    }
    if (left > 0) {
      HWY_ALIGN const std::uint32_t lowest[kOctaveWindow] = {left};
      octaves_.add(lowest, 0);
    }
    count_below_limits(x, n, nonzero, pass.max_high);
  }

  HWY_INLINE void count_below_limits(const double* x, std::size_t n, const NonzeroOfBlock& nonzero,
                                     std::uint32_t max_high) {
    for (std::size_t i = 0; i < detail::kAllLimits; ++i) {
      const detail::DoubleSketchLimit& limit = limits_.limits[i];
      if (limit.octave >= 0 && !limit.after_power) continue;  // known by octaves
      const auto high = static_cast<std::uint32_t>(limit.begin >> 32);
      if (limit.octave >= 0) {  // and by octaves but for the power of two itself
        if (!nonzero.may_have_powers || high > max_high || high < nonzero.min_high) continue;
        below_[i] += count_equal(x, n, limit.begin - 1);
      } else if (high > max_high) {
        below_[i] += nonzero.count;
      } else if (limit.begin > std::uint64_t{nonzero.min_high} << 32) {
        below_[i] += count_below(x, n, limit.begin) - (n - nonzero.count);
      }
    }
  }

  void count_losses() {
    const std::uint64_t nonzero = out_.count - out_.nonfinite_count - out_.zero_count;
    detail::Limits<std::uint64_t> below = below_;
    const Histogram::Range touched = std::as_const(out_.histogram).touched();
    for (std::size_t bin = touched.begin; bin < touched.end; ++bin) {
      const std::uint64_t count = std::as_const(out_.histogram)[bin];
      for (std::size_t i = 0; i < detail::kAllLimits; ++i) {
        if (static_cast<int>(bin) < limits_.limits[i].octave) below[i] += count;
      }
    }
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      const auto limit = [&](std::size_t which) { return below[which * kNumberFormatCount + f]; };
      out_.format_loss[f] = {limit(detail::kNotFlushed),
                             limit(detail::kNormal) - limit(detail::kNotFlushed),
                             nonzero - limit(detail::kOverflowed)};
    }
  }

  const DoubleSketchLimits& limits_;
  Sketch& out_;
  double finite_count_ = 0;
  double reference_ = 0, mean_ = 0, m2_ = 0;  ///< the mean is reference + mean
  std::uint64_t max_bits_ = 0;
  OctaveCounts octaves_;
  /// Of each limit: what octaves do not tell.
  detail::Limits<std::uint64_t> below_{};
};

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
