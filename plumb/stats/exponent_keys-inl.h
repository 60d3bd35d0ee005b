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
#include <cstddef>
#include <cstdint>

#include "plumb/stats/pass-inl.h"

#if HWY_TARGET == HWY_AVX3_DL

HWY_BEFORE_NAMESPACE();
// Every processor with Highway's AVX3_DL set has GFNI, which Highway does not name.
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",gfni")
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The contract of magnitude_keys-inl.h where a processor has byte permutes (AVX3_DL): a key is the
/// biased exponent alone, a byte, so that 64 values are counted by one instruction.
///
/// Reading is 5 vector instructions for 16 values and counting 2; two are done in a cycle. In turn:
/// the sum; the sum of squares; the largest magnitude; the smallest low half of the bits (0 if a
/// value has no fraction); and a bit shift within 64 bits, masked, that puts the exponents of four
/// vectors into one.
using Key = std::uint8_t;
inline constexpr std::size_t kOctaveWindow = 16;
inline constexpr std::size_t kKeyGroup = 64;
inline constexpr std::size_t kBlock = 4096;  // sums in float: four of 64 values a lane

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

HWY_INLINE std::uint32_t largest_lane(__m512i v) {
  const __m256i v8 = _mm256_max_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  __m128i v4 = _mm_max_epi32(_mm256_castsi256_si128(v8), _mm256_extracti128_si256(v8, 1));
  v4 = _mm_max_epi32(v4, _mm_shuffle_epi32(v4, 0x4E));
  v4 = _mm_max_epi32(v4, _mm_shuffle_epi32(v4, 0xB1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(v4));
}

/// The largest magnitude of x where float arithmetic finds none: if it treats subnormals as zero.
HWY_NOINLINE std::uint32_t largest_bits(const float* x, std::size_t n) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffff);
  }
  return largest;
}

template <bool kEnlarged>
HWY_INLINE Pass read_block(const float* x, std::size_t n, Key* keys, bool goes_on) {
  const __m512 enlarge = _mm512_set1_ps(kEnlarge);
  // The 8 bits from bit 23 on of both floats of a pair, to the places that a mask then chooses of.
  const __m512i both_exponents = _mm512_set1_epi64(0x3717371737173717);
  constexpr __mmask64 kPlaces[4] = {~0ull, 0x0C0C0C0C0C0C0C0C, 0x3030303030303030,
                                    0xC0C0C0C0C0C0C0C0};
  constexpr int kLargerMagnitude = 0xB;
  __m512 sum[4], squares[4], max[2];
  __m512i min_low[2];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  for (__m512& s : squares) s = _mm512_setzero_ps();
  for (__m512& m : max) m = _mm512_setzero_ps();
  for (__m512i& m : min_low) m = _mm512_set1_epi32(-1);
  __m512i max_key = _mm512_setzero_si512();

  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m512i key = _mm512_setzero_si512();
    if (goes_on) prefetch_ahead(x + i, 64);
    HWY_UNROLL(4)
    for (unsigned v = 0; v < 4; ++v) {
      const __m512 value = _mm512_loadu_ps(x + i + 16 * v);
      const __m512i bits = _mm512_castps_si512(value);
      const __m512 d = kEnlarged ? _mm512_mul_ps(value, enlarge) : value;
      sum[v] = _mm512_add_ps(sum[v], d);
      squares[v] = _mm512_fmadd_ps(d, d, squares[v]);
      max[v % 2] = _mm512_range_ps(max[v % 2], value, kLargerMagnitude);
      min_low[v % 2] = _mm512_min_epu16(min_low[v % 2], bits);
      key = _mm512_mask_multishift_epi64_epi8(key, kPlaces[v], both_exponents, bits);
    }
    max_key = _mm512_max_epu8(max_key, key);
    _mm512_store_si512(keys + i, key);
  }
  if (i < n) {
    const std::uint64_t mask = (std::uint64_t{1} << (n - i)) - 1;
    const __m512i ones = _mm512_set1_epi32(-1);
    __m512i key = _mm512_setzero_si512();
    HWY_UNROLL(4)
    for (unsigned v = 0; v < 4; ++v) {
      const auto m = static_cast<__mmask16>(mask >> (16 * v));
      const __m512 value = _mm512_maskz_loadu_ps(m, x + i + 16 * v);
      const __m512i bits = _mm512_castps_si512(value);
      const __m512 d = kEnlarged ? _mm512_mul_ps(value, enlarge) : value;
      sum[v] = _mm512_add_ps(sum[v], d);
      squares[v] = _mm512_fmadd_ps(d, d, squares[v]);
      max[v % 2] = _mm512_range_ps(max[v % 2], value, kLargerMagnitude);
      min_low[v % 2] = _mm512_min_epu16(min_low[v % 2], _mm512_mask_mov_epi32(ones, m, bits));
      key = _mm512_mask_multishift_epi64_epi8(key, kPlaces[v], both_exponents, bits);
    }
    max_key = _mm512_max_epu8(max_key, key);
    _mm512_store_si512(keys + i, key);
  }

  Pass pass;
  const TwoSums sums = sums_in_double(
      _mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])),
      _mm512_add_ps(_mm512_add_ps(squares[0], squares[1]), _mm512_add_ps(squares[2], squares[3])));
  pass.moments = {kEnlarged ? kEnlarge : 1.0f, 0.0, sums.first, sums.second};
  pass.max_bits =
      largest_lane(_mm512_max_epi32(_mm512_castps_si512(max[0]), _mm512_castps_si512(max[1])));
  if (_mm512_cmpeq_epi8_mask(max_key, _mm512_set1_epi8(-1)) != 0) {
    pass.max_bits = detail::kInfinityBits;  // or NaN, which the largest magnitude passes over
  } else if (pass.max_bits == 0) {
    pass.max_bits = largest_bits(x, n);
  }
  pass.may_have_powers = _mm512_testn_epi32_mask(_mm512_min_epu16(min_low[0], min_low[1]),
                                                 _mm512_set1_epi32(0xffff)) != 0;
  return pass;
}

/// The octaves of 64 values as bits: byte i of `low` or `high` has the one bit set that stands for
/// the octave of value i among the lower or the upper eight of the window.
struct OctaveBits {
  __m512i low, high;
};

/// Adds three bits at each position: `sum` keeps the low bit, the result is the carry.
HWY_INLINE OctaveBits add_carry_save(OctaveBits& sum, OctaveBits b, OctaveBits c) {
  const OctaveBits carry{_mm512_ternarylogic_epi32(sum.low, b.low, c.low, 0xE8),
                         _mm512_ternarylogic_epi32(sum.high, b.high, c.high, 0xE8)};
  sum.low = _mm512_ternarylogic_epi32(sum.low, b.low, c.low, 0x96);
  sum.high = _mm512_ternarylogic_epi32(sum.high, b.high, c.high, 0x96);
  return carry;
}

HWY_INLINE OctaveBits add_bytes(OctaveBits a, OctaveBits b) {
  return {_mm512_add_epi8(a.low, b.low), _mm512_add_epi8(a.high, b.high)};
}

/// Byte k of each 64 bits: how many of the eight bytes there have bit k set. They are transposed
/// as an 8 x 8 matrix of bits.
HWY_INLINE OctaveBits count_in_eights(OctaveBits v) {
  const auto count = [](__m512i bytes) HWY_ATTR {
    const __m512i unit_matrix = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ull));
    return _mm512_popcnt_epi8(_mm512_gf2p8affine_epi64_epi8(unit_matrix, bytes, 0));
  };
  return {count(v.low), count(v.high)};
}

/// The sums of byte k over all 64 bits, in the k-th 64 bits.
HWY_INLINE __m512i add_across(__m512i v) {
  alignas(64) static constexpr std::uint8_t kTranspose[64] = {
      0,  8,  16, 24, 32, 40, 48, 56, 1,  9,  17, 25, 33, 41, 49, 57, 2,  10, 18, 26, 34, 42,
      50, 58, 3,  11, 19, 27, 35, 43, 51, 59, 4,  12, 20, 28, 36, 44, 52, 60, 5,  13, 21, 29,
      37, 45, 53, 61, 6,  14, 22, 30, 38, 46, 54, 62, 7,  15, 23, 31, 39, 47, 55, 63};
  const __m512i transposed = _mm512_permutexvar_epi8(_mm512_load_si512(kTranspose), v);
  return _mm512_sad_epu8(transposed, _mm512_setzero_si512());
}

/// bits(i) gives the octaves of keys[i, i + 64).
template <class Bits>
HWY_INLINE void tally_octaves(const Bits& bits, std::size_t n, std::uint32_t* HWY_RESTRICT counts) {
  const OctaveBits zero{_mm512_setzero_si512(), _mm512_setzero_si512()};
  OctaveBits ones = zero, twos = zero, fours = zero, eights = zero, sixteens = zero;
  std::size_t i = 0;
  for (; i + 1024 <= n; i += 1024) {
    const auto twos_of_4 = [&](std::size_t at) HWY_ATTR {
      const OctaveBits a = add_carry_save(ones, bits(at), bits(at + 64));
      const OctaveBits b = add_carry_save(ones, bits(at + 128), bits(at + 192));
      return add_carry_save(twos, a, b);
    };
    const auto fours_of_8 = [&](std::size_t at) HWY_ATTR {
      const OctaveBits a = twos_of_4(at);
      const OctaveBits b = twos_of_4(at + 256);
      return add_carry_save(fours, a, b);
    };
    const OctaveBits a = fours_of_8(i);
    const OctaveBits b = fours_of_8(i + 512);
    sixteens = add_bytes(sixteens, count_in_eights(add_carry_save(eights, a, b)));
  }
  OctaveBits sum = zero;  // below a byte: 8 * (8 + 4 + 2 + 1), and 8 * 15 of the rest
  if (i > 0) {
    sum = count_in_eights(eights);
    for (const OctaveBits& next : {fours, twos, ones}) {
      sum = add_bytes(add_bytes(sum, sum), count_in_eights(next));
    }
  }
  const bool has_sixteens = i > 0;
  for (; i < n; i += 64) sum = add_bytes(sum, count_in_eights(bits(i)));
  __m512i low = add_across(sum.low), high = add_across(sum.high);
  if (has_sixteens) {
    low = _mm512_add_epi64(low, _mm512_slli_epi64(add_across(sixteens.low), 4));
    high = _mm512_add_epi64(high, _mm512_slli_epi64(add_across(sixteens.high), 4));
  }
  alignas(64) static constexpr std::uint32_t kLowHalves[16] = {0,  2,  4,  6,  8,  10, 12, 14,
                                                               16, 18, 20, 22, 24, 26, 28, 30};
  _mm512_storeu_si512(counts, _mm512_permutex2var_epi32(low, _mm512_load_si512(kLowHalves), high));
}

/// A key's place in the window, 1 to 16, finds its bit in two tables.
HWY_INLINE void count_octaves(const Key* HWY_RESTRICT keys, std::size_t n, int highest,
                              bool is_highest, std::uint32_t* HWY_RESTRICT counts) {
  alignas(64) static constexpr std::uint8_t kLow[64] = {0, 1, 2, 4, 8, 16, 32, 64, 128};
  alignas(64) static constexpr std::uint8_t kHigh[64] = {0, 0, 0, 0, 0,  0,  0,  0,  0,
                                                         1, 2, 4, 8, 16, 32, 64, 128};
  const __m512i low = _mm512_load_si512(kLow), high = _mm512_load_si512(kHigh);
  const auto look_up = [&](__m512i place) HWY_ATTR {
    return OctaveBits{_mm512_permutexvar_epi8(place, low), _mm512_permutexvar_epi8(place, high)};
  };
  const int below = highest - static_cast<int>(kOctaveWindow);  // the octave under the window
  const __m512i minus = _mm512_set1_epi8(static_cast<char>(std::max(below, 0)));
  if (is_highest) {  // no place beyond 16
    const auto bits = [&](std::size_t i) HWY_ATTR {
      return look_up(_mm512_subs_epu8(_mm512_load_si512(keys + i), minus));
    };
    tally_octaves(bits, n, counts);
    return;
  }
  const __m512i plus = _mm512_set1_epi8(static_cast<char>(std::max(-below, 0)));
  const __m512i end_of_tables = _mm512_set1_epi8(63);
  const auto bits = [&](std::size_t i) HWY_ATTR {
    const __m512i above = _mm512_subs_epu8(_mm512_load_si512(keys + i), minus);
    return look_up(_mm512_min_epu8(_mm512_adds_epu8(above, plus), end_of_tables));
  };
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
      // Byte 8 p + 2 v + h stands for half h of pair p of vector v.
      const auto byte = static_cast<std::size_t>(std::countr_zero(under));
      const std::size_t at = i + byte / 2 % 4 * 16 + byte / 8 * 2 + byte % 2;
      if (at < n) take(std::bit_cast<std::uint32_t>(x[at]) & 0x7fffffff);
    }
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_POP_ATTRIBUTES
HWY_AFTER_NAMESPACE();

#endif  // HWY_AVX3_DL

#endif  // per-target include guard
