// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_COUNTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_COUNTS_INL_H_
#undef PLUMB_STATS_OCTAVE_COUNTS_INL_H_
#else
#define PLUMB_STATS_OCTAVE_COUNTS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "plumb/stats/exponent_keys-inl.h"
#include "plumb/stats/format_limits.h"
#include "plumb/stats/magnitude_keys-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Counts of a tensor's non-zero finite values by octave (biased exponent), gathered window by
/// window, and what follows from them. At most 2^32 - 1 values.
class OctaveCounts {
 public:
  /// counts[k] more values in octave lowest + k, for k < kOctaveWindow; lowest > -kOctaveWindow,
  /// and octaves outside [0, kBins) have none. Returns how many values these are.
  HWY_INLINE std::uint32_t add(const std::uint32_t* HWY_RESTRICT counts, int lowest) {
    const hn::ScalableTag<std::uint32_t> d;
    const bool is_first = begin_ == end_;
    if (is_first) {
      begin_ = lowest;
      end_ = lowest + kWindow;
    } else {
      shift_window(lowest);
    }
    std::uint32_t* const to = at(lowest);
    auto sum = hn::Zero(d);
    for (std::size_t k = 0; k < kOctaveWindow; k += hn::Lanes(d)) {
      const auto more = hn::LoadU(d, counts + k);
      sum = hn::Add(sum, more);
      hn::StoreU(is_first ? more : hn::Add(hn::LoadU(d, to + k), more), d, to + k);
    }
    return hn::GetLane(hn::SumOfLanes(d, sum));
  }

  HWY_INLINE void add_one(int octave) {
    shift_window(std::min(octave, Sketch::kBins - kWindow));
    ++*at(octave);
  }

  /// Fills histogram and format losses; `below_in_octave`: for each limit of a format, how many
  /// values lie below it in its own octave.
  HWY_INLINE void finish(const detail::SketchLimits& limits, const std::uint32_t* below_in_octave,
                         Sketch& out) {
#if HWY_TARGET <= HWY_AVX3
    const int windows = (end_ - begin_) / kWindow, begin = end_ - 2 * kWindow;
    if (begin >= 0 && end_ <= Sketch::kBins && (windows == 1 || windows == 2)) {
      const __m512i upper = _mm512_loadu_si512(at(end_ - kWindow));
      if (windows == 1) {
        finish_near<1>(limits, below_in_octave, begin, _mm512_setzero_si512(), upper, out);
      } else {
        finish_near<2>(limits, below_in_octave, begin, _mm512_loadu_si512(at(begin)), upper, out);
      }
      return;
    }
#endif
    finish_any(limits, below_in_octave, out);
  }

 private:
  static constexpr int kWindow = static_cast<int>(kOctaveWindow);
  static constexpr int kMargin = 2 * kWindow;  // whole windows are cleared

  std::uint32_t* at(int octave) { return counts_ + (kMargin + octave); }

  /// Most tensors need one or two windows, and clearing all would cost as much as the rest of a
  /// small one.
  HWY_INLINE void shift_window(int lowest) {
    if (begin_ == end_) begin_ = end_ = lowest;
    while (lowest < begin_) clear(begin_ -= kWindow);
    for (; lowest + kWindow > end_; end_ += kWindow) clear(end_);
  }

  HWY_INLINE void clear(int octave) {
    const hn::ScalableTag<std::uint32_t> d;
    for (std::size_t k = 0; k < kOctaveWindow; k += hn::Lanes(d)) {
      hn::StoreU(hn::Zero(d), d, at(octave) + k);
    }
  }

  HWY_NOINLINE void finish_any(const detail::SketchLimits& limits,
                               const std::uint32_t* below_in_octave, Sketch& out) {
    int begin = std::max(begin_, 0), end = std::min(end_, Sketch::kBins);
    while (begin < end && *at(begin) == 0) ++begin;
    while (begin < end && *at(end - 1) == 0) --end;
    const auto width = static_cast<std::size_t>(end - begin);
    out.histogram.assign(static_cast<std::size_t>(begin), {at(begin), width});
    std::array<std::uint32_t, Sketch::kBins + 1> below{};  // [k]: in octaves under begin + k
    for (std::size_t k = 0; k < width; ++k) below[k + 1] = below[k] + at(begin)[k];
    std::array<std::uint64_t, detail::kAllLimits> below_limit{};
    for (std::size_t i = 0; i < detail::kAllLimits; ++i) {
      const int octave = std::clamp(limits.exponents[i], begin, end);
      below_limit[i] = below[static_cast<std::size_t>(octave - begin)] + below_in_octave[i];
    }
    for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
      const auto limit = [&](std::size_t which) { return below_limit[which * 4 + f]; };
      out.format_loss[f] = {limit(detail::kNotFlushed),
                            limit(detail::kNormal) - limit(detail::kNotFlushed),
                            below[width] - limit(detail::kOverflowed)};
    }
  }

#if HWY_TARGET <= HWY_AVX3
  /// The same for two windows from `begin` on, of which the lower one is empty if kWindows is 1: in
  /// vectors. What lies below an octave is a prefix sum, found for all limits by one permutation.
  template <int kWindows>
  static HWY_INLINE void finish_near(const detail::SketchLimits& limits,
                                     const std::uint32_t* below_in_octave, int begin, __m512i lower,
                                     __m512i upper, Sketch& out) {
    static_assert(Histogram::kNear == 2 * kOctaveWindow);
    static_assert(sizeof(out.format_loss) == 12 * sizeof(std::uint64_t));
    if (std::uint32_t* const near = out.histogram.near_counts(static_cast<std::size_t>(begin))) {
      _mm512_storeu_si512(near, lower);
      _mm512_storeu_si512(near + kWindow, upper);
    } else {
      alignas(64) std::uint32_t counts[Histogram::kNear];
      _mm512_store_si512(counts, lower);
      _mm512_store_si512(counts + kWindow, upper);
      out.histogram.assign(static_cast<std::size_t>(begin), counts);
    }
    const auto prefix_sum = [](__m512i v) HWY_ATTR {
      const __m512i zero = _mm512_setzero_si512();
      v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 15));
      v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 14));
      v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 12));
      return _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 8));
    };
    const __m512i last = _mm512_set1_epi32(15);
    __m512i lower_sums = lower, upper_sums = prefix_sum(upper);
    if constexpr (kWindows == 2) {
      lower_sums = prefix_sum(lower);
      upper_sums = _mm512_add_epi32(upper_sums, _mm512_permutexvar_epi32(last, lower_sums));
    }
    const __m512i all = _mm512_permutexvar_epi32(last, upper_sums);
    // Of the octaves before each: none before the first, all from the end on.
    const __m512i octave =
        _mm512_sub_epi32(_mm512_load_si512(limits.exponents.data()), _mm512_set1_epi32(begin));
    const __m512i before = _mm512_sub_epi32(octave, _mm512_set1_epi32(1));
    const __mmask16 has_some = _mm512_cmpgt_epi32_mask(octave, _mm512_setzero_si512());
    const __mmask16 has_all = _mm512_cmpgt_epi32_mask(octave, _mm512_set1_epi32(2 * kWindow));
    __m512i below = _mm512_maskz_permutex2var_epi32(has_some, lower_sums, before, upper_sums);
    below = _mm512_mask_mov_epi32(below, has_all, all);
    below = _mm512_add_epi32(below, _mm512_load_si512(below_in_octave));
    // Lanes 0 to 3 are flushed; 4 to 7 lose the flushed; 8 to 11 are what is not below.
    const __m512i four_before = _mm512_alignr_epi32(below, below, 12);
    below = _mm512_mask_sub_epi32(below, 0x00f0, below, four_before);
    below = _mm512_mask_sub_epi32(below, 0x0f00, all, below);
    alignas(64) static constexpr std::uint32_t kByFormat[16] = {0, 4, 8,  1, 5, 9,
                                                                2, 6, 10, 3, 7, 11};
    const __m512i losses = _mm512_permutexvar_epi32(_mm512_load_si512(kByFormat), below);
    auto* const to = reinterpret_cast<std::uint64_t*>(out.format_loss.data());
    _mm512_storeu_si512(to, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(losses)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8),
                        _mm256_cvtepu32_epi64(_mm512_extracti32x4_epi32(losses, 2)));
  }
#endif

  int begin_ = 0;  ///< counts of octaves [begin_, end_) are valid
  int end_ = 0;
  alignas(64) std::uint32_t counts_[kMargin + 256 + kMargin];
};

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
