// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_EXPONENT_KEYS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_EXPONENT_KEYS_INL_H_
#undef PLUMB_STATS_EXPONENT_KEYS_INL_H_
#else
#define PLUMB_STATS_EXPONENT_KEYS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "plumb/stats/octave_tally-inl.h"
#include "plumb/stats/pass-inl.h"

#if HWY_TARGET <= HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The contract of magnitude_keys-inl.h where a processor has AVX-512: a key is the biased exponent
/// alone, a byte, so that 64 values are counted by a few instructions.
///
/// Reading takes 5 vector instructions for 16 values, counting 2; two are done in a cycle. In turn:
/// the sum; the sum of squares, which is NaN if a value is; the largest magnitude; the smallest low
/// half of the bits (0 if a value has no fraction); and what puts the exponents of four vectors
/// into one.
using Key = std::uint8_t;
inline constexpr std::size_t kOctaveWindow = 16;
inline constexpr std::size_t kKeyGroup = 64;
inline constexpr std::size_t kBlock = 4096;  // sums in float, of 64 terms a lane

/// The sums of two vectors.
struct TwoSums {
  double first, second;
};
HWY_INLINE TwoSums sums_in_double(__m512 a, __m512 b) {
  const auto halves = [](__m512 v) HWY_ATTR {
    const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    return _mm512_add_pd(low, high);
  };
  const __m512d a8 = halves(a), b8 = halves(b);
  // Each step adds a to a and b to b in one instruction.
  const __m512d ab8 = _mm512_add_pd(_mm512_unpacklo_pd(a8, b8), _mm512_unpackhi_pd(a8, b8));
  const __m256d ab4 = _mm256_add_pd(_mm512_castpd512_pd256(ab8), _mm512_extractf64x4_pd(ab8, 1));
  const __m128d ab2 = _mm_add_pd(_mm256_castpd256_pd128(ab4), _mm256_extractf128_pd(ab4, 1));
  return {_mm_cvtsd_f64(ab2), _mm_cvtsd_f64(_mm_unpackhi_pd(ab2, ab2))};
}

/// The largest magnitude of x where float arithmetic finds none: if it treats subnormals as zero.
HWY_NOINLINE std::uint32_t largest_bits(const float* x, std::size_t n) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffff);
  }
  return largest;
}

/// What a block gives, lane by lane.
struct LanesOfPass {
  __m512 sum, max;
  __m512 squares0, squares1, squares2, squares3;  // so that none waits for itself
  __m512i min_low;
};
HWY_INLINE LanesOfPass nothing_read() {
  const __m512 zero = _mm512_setzero_ps();
  return {zero, zero, zero, zero, zero, zero, _mm512_set1_epi32(-1)};
}

/// Adds 64 values, and writes their key. `low_of` gives the bits of the values of a vector, or ones
/// where there is none.
template <bool kEnlarged, class LowOf>
HWY_INLINE void add_64(LanesOfPass& to, const LowOf& low_of, __m512 a, __m512 b, __m512 c, __m512 d,
                       Key* key) {
  const auto larger = [](__m512 v, __m512 w) HWY_ATTR {
    constexpr int kLargerMagnitude = 0xB;
    return _mm512_range_ps(v, w, kLargerMagnitude);
  };
  to.max = larger(to.max, larger(larger(a, b), larger(c, d)));
  const __m512i low = _mm512_min_epu16(_mm512_min_epu16(low_of(0, a), low_of(1, b)),
                                       _mm512_min_epu16(low_of(2, c), low_of(3, d)));
  to.min_low = _mm512_min_epu16(to.min_low, low);
  _mm512_store_si512(key, exponents_of(_mm512_castps_si512(a), _mm512_castps_si512(b),
                                       _mm512_castps_si512(c), _mm512_castps_si512(d)));
  if constexpr (kEnlarged) {
    const __m512 enlarge = _mm512_set1_ps(kEnlarge);
    a = _mm512_mul_ps(a, enlarge);
    b = _mm512_mul_ps(b, enlarge);
    c = _mm512_mul_ps(c, enlarge);
    d = _mm512_mul_ps(d, enlarge);
  }
  to.sum = _mm512_add_ps(to.sum, _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
  to.squares0 = _mm512_fmadd_ps(a, a, to.squares0);
  to.squares1 = _mm512_fmadd_ps(b, b, to.squares1);
  to.squares2 = _mm512_fmadd_ps(c, c, to.squares2);
  to.squares3 = _mm512_fmadd_ps(d, d, to.squares3);
}

template <bool kEnlarged>
HWY_INLINE Pass read_block(const float* x, std::size_t n, Key* keys, std::size_t asking) {
  LanesOfPass lanes = nothing_read();
  const auto read_64 = [&](std::size_t i) HWY_ATTR {
    const auto bits_of = [](int, __m512 v) HWY_ATTR { return _mm512_castps_si512(v); };
    add_64<kEnlarged>(lanes, bits_of, _mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i + 16),
                      _mm512_loadu_ps(x + i + 32), _mm512_loadu_ps(x + i + 48), keys + i);
  };
  std::size_t i = 0;
  for (; i + 64 <= asking; i += 64) {
    prefetch_ahead(x + i, 64 * sizeof(float));
    read_64(i);
  }
  for (; i + 64 <= n; i += 64) read_64(i);
  if (i < n) {
    const std::uint64_t mask = (std::uint64_t{1} << (n - i)) - 1;
    const auto is_there = [&](int v) { return static_cast<__mmask16>(mask >> (16 * v)); };
    const auto load = [&](int v)
                          HWY_ATTR { return _mm512_maskz_loadu_ps(is_there(v), x + i + 16 * v); };
    const auto low_of = [&](int v, __m512 value) HWY_ATTR {
      return _mm512_mask_mov_epi32(_mm512_set1_epi32(-1), is_there(v), _mm512_castps_si512(value));
    };
    add_64<kEnlarged>(lanes, low_of, load(0), load(1), load(2), load(3), keys + i);
  }

  Pass pass;
  const TwoSums sums =
      sums_in_double(lanes.sum, _mm512_add_ps(_mm512_add_ps(lanes.squares0, lanes.squares1),
                                              _mm512_add_ps(lanes.squares2, lanes.squares3)));
  pass.moments = {kEnlarged ? kEnlarge : 1.0f, 0.0, sums.first, sums.second};
  const hn::ScalableTag<std::int32_t> di;
  pass.max_bits = static_cast<std::uint32_t>(
      hn::GetLane(hn::MaxOfLanes(di, hn::BitCast(di, hn::Vec512<float>{lanes.max}))));
  if (std::isnan(sums.second)) {  // the largest magnitude passes over NaN
    pass.max_bits = detail::kInfinityBits;
  } else if (pass.max_bits == 0) {
    pass.max_bits = largest_bits(x, n);
  }
  pass.may_have_powers = _mm512_testn_epi32_mask(lanes.min_low, _mm512_set1_epi32(0xffff)) != 0;
  return pass;
}

HWY_NOINLINE void count_any_octaves(const Key* keys, std::size_t n, int highest,
                                    std::uint32_t* counts) {
  const OctaveLookup octaves(highest);
  const auto bits = [&](std::size_t i)
                        HWY_ATTR { return octaves.any(_mm512_load_si512(keys + i)); };
  tally_octaves(bits, n, counts);
}

HWY_INLINE void count_octaves(const Key* HWY_RESTRICT keys, std::size_t n, int highest,
                              bool is_highest, std::uint32_t* HWY_RESTRICT counts) {
  if (!is_highest || highest > OctaveLookup::kHighestOfAll) {
    count_any_octaves(keys, n, highest, counts);
    return;
  }
  const OctaveLookup octaves(highest);
  const auto bits = [&](std::size_t i)
                        HWY_ATTR { return octaves.below_highest(_mm512_load_si512(keys + i)); };
  tally_octaves(bits, n, counts);
}

/// Calls take(magnitude bits) for each value x[i], i < n, in an octave under `lowest`.
template <class Take>
HWY_INLINE void for_each_under(const float* x, const Key* keys, std::size_t n, int lowest,
                               const Take& take) {
  const __m512i lowest_of_lane = _mm512_set1_epi8(static_cast<char>(lowest));
  for (std::size_t i = 0; i < n; i += 64) {
    const __m512i key = _mm512_load_si512(keys + i);
    for (std::uint64_t under = _mm512_cmplt_epu8_mask(key, lowest_of_lane); under != 0;
         under &= under - 1) {
      const std::size_t at = i + place_of_key(static_cast<std::size_t>(std::countr_zero(under)));
      if (at < n) take(std::bit_cast<std::uint32_t>(x[at]) & 0x7fffffff);
    }
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // AVX-512

#endif  // per-target include guard
