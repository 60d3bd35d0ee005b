// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/sketch.h"

// AVX3_DL: AVX-512 with byte permutes and bit counts, as from Ice Lake and Zen 4 on.
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/sketch_fast.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "plumb/stats/format_limits.h"
#include "plumb/stats/octave_counter-inl.h"
#include "plumb/stats/read_block-inl.h"

HWY_BEFORE_NAMESPACE();
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",gfni")
#endif
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::FloatLimits;
using detail::InnerLimit;
using detail::kInfinityBits;
using detail::SketchLimits;

// A block is read from memory once, into the magnitude bits that all counts are taken from; both
// stay in the first-level cache. It is short enough for sums in float: four sums of 60 values a
// lane.
constexpr std::size_t kBlock = kOctaveMax;

/// Number of i < n, a multiple of kOctaveGroup, with first <= bits[i] < end.
HWY_INLINE std::size_t count_between(const std::uint32_t* bits, std::size_t n, std::uint32_t first,
                                     std::uint32_t end) {
  const hn::ScalableTag<std::int32_t> di;
  const auto before = hn::Set(di, static_cast<std::int32_t>(first) - 1);
  const auto high = hn::Set(di, static_cast<std::int32_t>(end));
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; i += hn::Lanes(di)) {
    const auto v = hn::Load(di, reinterpret_cast<const std::int32_t*>(bits + i));
    count += hn::CountTrue(di, hn::And(hn::Gt(v, before), hn::Lt(v, high)));
  }
  return count;
}

class FloatSketcher {
 public:
  FloatSketcher(const SketchLimits& limits, Sketch& out) : limits_(limits), out_(out) {}

  void add(const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; i += kBlock) {
      const bool goes_on = (n - i) * sizeof(float) > kAheadBytes;
      add_block(x + i, std::min(kBlock, n - i), goes_on);
    }
  }

  void finish() {
    out_.abs_max = static_cast<double>(std::bit_cast<float>(max_bits_));
    out_.zero_count = zero_count_;
    // below[e - low]: values in octaves lower than biased exponent e, for those that hold any.
    std::uint32_t low = lowest_octave_;
    const std::uint32_t top = (max_bits_ >> 23) + 1;
    while (top > low + Histogram::kNear && counts_[low] == 0) ++low;
    out_.histogram.assign(low, {counts_ + low, top > low ? top - low : 0});
    std::uint64_t below[Sketch::kBins + 1];
    below[0] = 0;
    for (std::uint32_t e = low; e < top; ++e) {
      below[e + 1 - low] = below[e - low] + counts_[e];
    }
    std::size_t index = 0;
    const auto count_below = [&](std::uint32_t begin) {
      const std::uint32_t e = std::clamp(begin >> 23, low, std::max(low, top));
      return below[e - low] + below_in_octave_[index++];
    };
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      const auto& begin = limits_.limits.begin[f];
      FormatLoss& loss = out_.format_loss[f];
      loss.flushed = count_below(begin[FloatLimits::kNotFlushed]);
      loss.subnormal = count_below(begin[FloatLimits::kNormal]) - loss.flushed;
      loss.overflowed = out_.count - out_.nonfinite_count - zero_count_ -
                        count_below(begin[FloatLimits::kOverflowed]);
    }
  }

 private:
  void add_block(const float* x, std::size_t n, bool goes_on) {
    HWY_ALIGN std::uint32_t bits[kBlock];
    const Pass pass = read_block(x, n, bits, true, goes_on);
    if (pass.max_bits >= kInfinityBits) {
      add_finite_of(x, n);
      return;
    }
    max_bits_ = std::max(max_bits_, pass.max_bits);
    const bool is_small = pass.max_bits < kSafeLowBits;
    const bool is_safe = pass.factor == 1 ? !is_small && pass.max_bits < kSafeHighBits : is_small;
    if (is_safe || pass.max_bits == 0) {
      add_moments(pass, n, 1.0 / static_cast<double>(pass.factor));
    } else {
      add_scaled_moments(x, n, is_small ? 100 : pass.max_bits < kSafeHighBits ? 0 : -100);
    }
    count_block(bits, n, pass);
  }

  HWY_NOINLINE void add_finite_of(const float* x, std::size_t n) {
    float finite[kBlock];
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
      finite[count] = x[i];
      count += (std::bit_cast<std::uint32_t>(x[i]) & kInfinityBits) != kInfinityBits;
    }
    out_.nonfinite_count += n - count;
    if (count != 0) add_block(finite, count, false);
  }

  HWY_NOINLINE void add_scaled_moments(const float* x, std::size_t n, int log2) {
    HWY_ALIGN float scaled[kBlock];
    HWY_ALIGN std::uint32_t unused_bits[kBlock];
    const float factor = std::scalbn(1.0f, log2);
    for (std::size_t i = 0; i < n; ++i) scaled[i] = x[i] * factor;
    add_moments(read_block(scaled, n, unused_bits, false, false), n, std::scalbn(1.0, -log2));
  }

  /// Chan, Golub, LeVeque 1979, as Sketch::merge.
  void add_moments(const Pass& pass, std::size_t n, double unit) {
    const auto n_b = static_cast<double>(n);
    const double n_a = finite_count_;
    const double mean_d = pass.sum_d / n_b;
    const double m2 = std::max(0.0, pass.sum_dd - pass.sum_d * mean_d) * (unit * unit);
    const double delta = (pass.pivot + mean_d) * unit - out_.mean;
    const double part = n_b / (n_a + n_b);
    out_.mean += delta * part;
    out_.m2 += m2 + delta * delta * (n_a * part);
    finite_count_ += n_b;
  }

  void count_block(const std::uint32_t* bits, std::size_t n, const Pass& pass) {
    const std::size_t padded_n = (n + kOctaveGroup - 1) / kOctaveGroup * kOctaveGroup;
    HWY_ALIGN std::uint16_t counts[kOctaveWindow];
    // Never so low that the window reaches the zeros and subnormals of exponent 0 before they are
    // told apart.
    int highest = std::max(static_cast<int>(pass.max_bits >> 23), 32);
    count_octaves(bits, padded_n, highest, counts);
    std::size_t left = n - add_octaves(counts, highest);
    int lowest = highest - 31;
    std::size_t zeros = 0;
    if (left > 0) {
      zeros = count_between(bits, padded_n, 0, 1) - (padded_n - n);
      zero_count_ += zeros;
      left -= zeros;
    }
    const bool has_powers = pass.no_fraction_count != zeros;
    count_inner(bits, padded_n, highest, counts, has_powers);
    for (highest -= 32; left > 0 && highest > 0; highest -= 32) {
      count_octaves(bits, padded_n, highest, counts);
      if (highest < 32) counts[31 - highest] = 0;  // the zeros and subnormals
      left -= add_octaves_above_zero(counts, highest);
      lowest = std::max(1, highest - 31);
      count_inner(bits, padded_n, highest, counts, has_powers);
    }
    if (left > 0) {
      lowest = 0;
      clear_counts(0, 1);
      counts_[0] += left;
      for (std::size_t i = 0; i < limits_.inner_count; ++i) {
        const InnerLimit& limit = limits_.inner[i];
        if (limit.exponent == 0) {
          below_in_octave_[limit.index] += count_between(bits, padded_n, 1, limit.begin);
        }
      }
    }
    lowest_octave_ = std::min(lowest_octave_, static_cast<std::uint32_t>(lowest));
  }

  /// The window must lie above exponent 0. Returns how many values it holds.
  HWY_INLINE std::size_t add_octaves(const std::uint16_t* counts, int highest) {
    const hn::ScalableTag<std::uint64_t> d64;
    const hn::Rebind<std::uint32_t, decltype(d64)> d32;
    const hn::Rebind<std::uint16_t, decltype(d64)> d16;
    clear_counts(highest - 31, highest + 1);
    std::uint64_t* histogram = counts_ + (highest - 31);
    auto sum = hn::Zero(d64);
    for (std::size_t k = 0; k < kOctaveWindow; k += hn::Lanes(d64)) {
      const auto wide = hn::PromoteTo(d64, hn::PromoteTo(d32, hn::Load(d16, counts + k)));
      sum = hn::Add(sum, wide);
      hn::StoreU(hn::Add(hn::LoadU(d64, histogram + k), wide), d64, histogram + k);
    }
    return hn::GetLane(hn::SumOfLanes(d64, sum));
  }

  std::size_t add_octaves_above_zero(const std::uint16_t* counts, int highest) {
    clear_counts(std::max(1, highest - 31), highest + 1);
    std::size_t sum = 0;
    for (int e = std::max(1, highest - 31); e <= highest; ++e) {
      counts_[e] += counts[e - (highest - 31)];
      sum += counts[e - (highest - 31)];
    }
    return sum;
  }

  HWY_INLINE void count_inner(const std::uint32_t* bits, std::size_t n, int highest,
                              const std::uint16_t* counts, bool has_powers) {
    for (std::size_t i = 0; i < limits_.inner_count; ++i) {
      const InnerLimit& limit = limits_.inner[i];
      const std::uint32_t k = limit.exponent - static_cast<std::uint32_t>(highest - 31);
      if (k >= kOctaveWindow || counts[k] == 0 || limit.exponent == 0) continue;
      if (limit.after_power && !has_powers) continue;
      below_in_octave_[limit.index] += count_between(bits, n, limit.exponent << 23, limit.begin);
    }
  }

  /// Makes counts_[begin, end) usable: with what lies between them and the others in use, they are
  /// 0 before the first count. Most tensors need 32 of them, and clearing all would cost more than
  /// the rest of a small one.
  HWY_INLINE void clear_counts(int begin, int end) {
    if (clear_begin_ == clear_end_) clear_begin_ = clear_end_ = begin;
    if (begin < clear_begin_) {
      std::fill(counts_ + begin, counts_ + clear_begin_, 0);
      clear_begin_ = begin;
    }
    if (end > clear_end_) {
      std::fill(counts_ + clear_end_, counts_ + end, 0);
      clear_end_ = end;
    }
  }

  const SketchLimits& limits_;
  Sketch& out_;
  double finite_count_ = 0;
  std::uint64_t zero_count_ = 0;
  std::uint32_t max_bits_ = 0;
  std::uint32_t lowest_octave_ = Sketch::kBins;  ///< that may hold a value
  std::array<std::uint64_t, detail::kAllLimits>
      below_in_octave_{};  ///< of the limit, in its own octave
  int clear_begin_ = 0;
  int clear_end_ = 0;
  std::uint64_t counts_[Sketch::kBins];  ///< by octave
};

void sketch_f32(const float* x, std::size_t n, const SketchLimits& limits, Sketch& out) {
  FloatSketcher sketcher(limits, out);
  sketcher.add(x, n);
  sketcher.finish();
}

}  // namespace plumb::HWY_NAMESPACE
#if HWY_TARGET == HWY_AVX3_DL
HWY_POP_ATTRIBUTES
#endif
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb {

HWY_EXPORT(sketch_f32);

namespace {

/// Of this scale; the tensors of a network share a few.
const detail::SketchLimits& limits_of(int log2_scale) {
  constexpr std::size_t kKept = 16;
  thread_local std::array<detail::SketchLimits, kKept> kept{};
  detail::SketchLimits& entry = kept[static_cast<unsigned>(log2_scale) % kKept];
  if (!entry.is_set || entry.log2_scale != log2_scale) entry = detail::sketch_limits(log2_scale);
  return entry;
}

}  // namespace

void sketch_into(Sketch& out, ConstView x, int log2_scale) {
  if (x.dtype == DType::f64) {
    out = sketch_reference(x, log2_scale);
    return;
  }
  const std::span<const float> values = x.as<float>();
  out.count = values.size();
  out.log2_scale = log2_scale;
  out.nonfinite_count = 0;
  out.mean = 0;
  out.m2 = 0;
  HWY_DYNAMIC_DISPATCH(sketch_f32)
  (values.data(), values.size(), limits_of(log2_scale), out);
}

Sketch sketch(ConstView x, int log2_scale) {
  Sketch out;
  sketch_into(out, x, log2_scale);
  return out;
}

const char* sketch_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);  // the lowest bit is the best target
}

}  // namespace plumb
#endif  // HWY_ONCE
