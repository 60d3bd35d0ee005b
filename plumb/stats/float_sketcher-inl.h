// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_FLOAT_SKETCHER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_FLOAT_SKETCHER_INL_H_
#undef PLUMB_STATS_FLOAT_SKETCHER_INL_H_
#else
#define PLUMB_STATS_FLOAT_SKETCHER_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "plumb/stats/format_limits.h"
#include "plumb/stats/octave_counts-inl.h"
#include "plumb/stats/pass-inl.h"
#include "plumb/stats/sketch.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::InnerLimit;
using detail::kInfinityBits;
using detail::SketchLimits;

/// Number of i < n with first <= magnitude bits of x[i] < end.
HWY_NOINLINE std::uint32_t count_between(const float* x, std::size_t n, std::uint32_t first,
                                         std::uint32_t end) {
  const hn::ScalableTag<std::int32_t> di;
  // Moved so that `first` is the least of all numbers: one comparison then does for both ends.
  constexpr std::uint32_t kLeast = 0x80000000;
  const auto to_least = hn::Set(di, static_cast<std::int32_t>(kLeast - first));
  const auto width = hn::Set(di, static_cast<std::int32_t>(kLeast + (end - first)));
  const auto magnitude_mask = hn::Set(di, 0x7fffffff);
  const auto* const bits = reinterpret_cast<const std::int32_t*>(x);
  std::size_t count = 0, i = 0;
  for (; i + hn::Lanes(di) <= n; i += hn::Lanes(di)) {
    const auto v = hn::And(hn::LoadU(di, bits + i), magnitude_mask);
    count += hn::CountTrue(di, hn::Lt(hn::Add(v, to_least), width));
  }
  for (; i < n; ++i) {
    const std::uint32_t v = std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffff;
    count += first <= v && v < end;
  }
  return static_cast<std::uint32_t>(count);
}

struct FractionlessCounts {
  std::uint32_t all = 0;    ///< zeros and powers of two
  std::uint32_t zeros = 0;  ///< if they were asked for
};

/// How many values have no fraction, and with kZeros how many of them are zero.
template <bool kZeros>
HWY_NOINLINE FractionlessCounts count_fractionless(const float* x, std::size_t n) {
  constexpr std::uint32_t kMagnitude = 0x7fffffff, kFraction = 0x007fffff;
  const hn::ScalableTag<std::uint32_t> du;
  const auto magnitude = hn::Set(du, kMagnitude), fraction = hn::Set(du, kFraction);
  const auto* const bits = reinterpret_cast<const std::uint32_t*>(x);
  std::size_t all = 0, zeros = 0, i = 0;
  for (; i + hn::Lanes(du) <= n; i += hn::Lanes(du)) {
    const auto v = hn::LoadU(du, bits + i);
    all += count_without_bits(v, fraction);
    if constexpr (kZeros) zeros += count_without_bits(v, magnitude);
  }
  for (; i < n; ++i) {
    const auto v = std::bit_cast<std::uint32_t>(x[i]);
    all += (v & kFraction) == 0;
    zeros += kZeros && (v & kMagnitude) == 0;
  }
  return {static_cast<std::uint32_t>(all), static_cast<std::uint32_t>(zeros)};
}

/// A block is read from memory once, into a key for each value; what is counted beyond the octaves
/// finds it in the first-level cache.
class FloatSketcher {
 public:
  /// `few_digits`: of a type with so few that some values are powers of two, nearly always.
  FloatSketcher(const SketchLimits& limits, Sketch& out, bool few_digits = false)
      : limits_(limits), out_(out), few_digits_(few_digits) {
    out_.nonfinite_count = 0;
    out_.zero_count = 0;
    out_.mean = 0;
    out_.m2 = 0;
  }

  /// `following`: how many values behind x[n - 1] will be read soon.
  void add(const float* x, std::size_t n, std::size_t following) {
    constexpr std::size_t kAhead = kAheadBytes / sizeof(float);
    for (std::size_t i = 0; i < n; i += kBlock) {
      const std::size_t count = std::min(kBlock, n - i), left = n - i + following;
      add_block(x + i, count, std::min(count, left - std::min(kAhead, left)));
    }
  }

  void finish() {
    out_.abs_max = static_cast<double>(std::bit_cast<float>(max_bits_));
    octaves_.finish(limits_, below_in_octave_.data(), out_);
  }

 private:
  /// Values left below a window that are not worth another pass over the block.
  static constexpr std::uint32_t kFew = 16;

  void add_block(const float* x, std::size_t n, std::size_t asking) {
    HWY_ALIGN Key keys[kBlock];
    const double share = 1.0 / static_cast<double>(n);
    const bool small = seems_small(x, n);
    const Pass pass =
        small ? read_block<true>(x, n, keys, asking) : read_block<false>(x, n, keys, asking);
    if (pass.max_bits >= kInfinityBits) {
      add_finite_of(x, n);
      return;
    }
    if (pass.max_bits == 0) {
      out_.zero_count += n;
      add_moments(Moments{}, n, share);
      return;
    }
    max_bits_ = std::max(max_bits_, pass.max_bits);
    const bool is_small = pass.max_bits < kSafeLowBits;
    const bool is_safe = !is_small && pass.max_bits < kSafeHighBits;
    // A mean beyond the deviation would take digits from the variance.
    const double sum = pass.moments.sum_d;
    const bool is_near_zero = sum * sum * share <= 0.5 * pass.moments.sum_dd;
    if ((small ? is_small : is_safe) && is_near_zero) {
      add_moments(pass.moments, n, share);
    } else {
      const float factor = is_safe ? 1.0f : is_small ? kEnlarge : kDiminish;
      add_moments(moments_about_pivot(x, n, factor), n, share);
    }
    count_block(x, keys, n, pass);
  }

  HWY_NOINLINE void add_finite_of(const float* x, std::size_t n) {
    float finite[kBlock];
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
      finite[count] = x[i];
      count += (std::bit_cast<std::uint32_t>(x[i]) & kInfinityBits) != kInfinityBits;
    }
    out_.nonfinite_count += n - count;
    if (count != 0) add_block(finite, count, 0);
  }

  /// Chan, Golub, LeVeque 1979, as Sketch::merge; `share` is 1 / n.
  HWY_INLINE void add_moments(const Moments& of, std::size_t n, double share) {
    const double mean_d = of.sum_d * share;
    double m2 = std::max(0.0, of.sum_dd - of.sum_d * mean_d);
    double mean = of.pivot + mean_d;
    if (of.factor != 1) {
      const double unit = 1.0 / static_cast<double>(of.factor);
      m2 *= unit * unit;
      mean *= unit;
    }
    const auto n_b = static_cast<double>(n);
    if (finite_count_ == 0) {
      out_.mean = mean;
      out_.m2 = m2;
    } else {
      const double delta = mean - out_.mean;
      const double part = n_b / (finite_count_ + n_b);
      out_.mean += delta * part;
      out_.m2 += m2 + delta * delta * (finite_count_ * part);
    }
    finite_count_ += n_b;
  }

  HWY_INLINE void count_block(const float* x, const Key* keys, std::size_t n, const Pass& pass) {
    constexpr auto kWindow = static_cast<int>(kOctaveWindow);
    const std::size_t padded_n = (n + kKeyGroup - 1) / kKeyGroup * kKeyGroup;
    HWY_ALIGN std::uint32_t counts[kOctaveWindow];
    // Never so low that the window reaches the zeros and subnormals of exponent 0 before they are
    // told apart.
    const std::uint32_t top = pass.max_bits >> 23;
    int highest = std::max(static_cast<int>(top), kWindow);
    count_octaves(keys, padded_n, highest, true, counts);
    std::uint32_t left =
        static_cast<std::uint32_t>(n) - octaves_.add(counts, highest - kWindow + 1);
    const bool few_left = left <= kFew;
    bool has_powers = false;
    if (few_left) {
      const std::uint32_t zeros =
          left > 0 ? count_one_by_one(x, keys, n, highest - kWindow + 1) : 0;
      has_powers =
          pass.may_have_powers && (few_digits_ || count_fractionless<false>(x, n).all != zeros);
      out_.zero_count += zeros;
    } else {
      const FractionlessCounts found = count_fractionless<true>(x, n);
      has_powers = found.all != found.zeros;
      out_.zero_count += found.zeros;
      left -= found.zeros;
    }
    const bool is_near_limit = has_powers || top >= limits_.lowest_sharp_exponent;
    if (is_near_limit) count_inner(x, n, highest, counts, has_powers);
    if (few_left) return;
    for (highest -= kWindow; left > 0 && highest > 0; highest -= kWindow) {
      count_octaves(keys, padded_n, highest, false, counts);
      if (highest < kWindow) counts[kWindow - 1 - highest] = 0;  // the zeros and subnormals
      left -= octaves_.add(counts, highest - kWindow + 1);
      if (is_near_limit) count_inner(x, n, highest, counts, has_powers);
    }
    if (left > 0) add_subnormals(x, n, left);
  }

  /// Counts what lies under octave `lowest`, with all limits there; returns how many zeros it met.
  HWY_NOINLINE std::uint32_t count_one_by_one(const float* x, const Key* keys, std::size_t n,
                                              int lowest) {
    std::uint32_t zeros = 0;
    for_each_under(x, keys, n, lowest, [&](std::uint32_t bits) HWY_ATTR {
      if (bits == 0) {
        ++zeros;
        return;
      }
      octaves_.add_one(static_cast<int>(bits >> 23));
      for (std::size_t i = 0; i < limits_.inner_count; ++i) {
        const InnerLimit& limit = limits_.inner[i];
        below_in_octave_[limit.index] += limit.exponent == bits >> 23 && bits < limit.begin;
      }
    });
    return zeros;
  }

  HWY_NOINLINE void add_subnormals(const float* x, std::size_t n, std::uint32_t count) {
    HWY_ALIGN const std::uint32_t counts[kOctaveWindow] = {count};
    octaves_.add(counts, 0);
    for (std::size_t i = 0; i < limits_.inner_count; ++i) {
      const InnerLimit& limit = limits_.inner[i];
      if (limit.exponent == 0) {
        below_in_octave_[limit.index] += count_between(x, n, 1, limit.begin);
      }
    }
  }

  HWY_NOINLINE void count_inner(const float* x, std::size_t n, int highest,
                                const std::uint32_t* counts, bool has_powers) {
    for (std::size_t i = 0; i < limits_.inner_count; ++i) {
      const InnerLimit& limit = limits_.inner[i];
      const auto lowest = static_cast<std::uint32_t>(highest - static_cast<int>(kOctaveWindow) + 1);
      const std::uint32_t k = limit.exponent - lowest;
      if (k >= kOctaveWindow || counts[k] == 0 || limit.exponent == 0) continue;
      if (limit.after_power && !has_powers) continue;
      below_in_octave_[limit.index] += count_between(x, n, limit.exponent << 23, limit.begin);
    }
  }

  const SketchLimits& limits_;
  Sketch& out_;
  bool few_digits_;
  double finite_count_ = 0;
  std::uint32_t max_bits_ = 0;
  OctaveCounts octaves_;
  /// Of each limit, in its own octave.
  alignas(64) std::array<std::uint32_t, SketchLimits::kPadded> below_in_octave_{};
};

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
