// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_TALLY_AVX3_DL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_TALLY_AVX3_DL_INL_H_
#undef PLUMB_STATS_OCTAVE_TALLY_AVX3_DL_INL_H_
#else
#define PLUMB_STATS_OCTAVE_TALLY_AVX3_DL_INL_H_
#endif

#include "plumb/stats/octave_bits-inl.h"

#if HWY_TARGET == HWY_AVX3_DL

HWY_BEFORE_NAMESPACE();
// Every processor with Highway's AVX3_DL set has GFNI, which Highway does not name.
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",gfni")
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What exponent_keys-inl.h asks of an instruction set, where it has byte permutes, bit matrices
/// and bit counts (from Ice Lake and Zen 4 on).

/// Byte 8 p + 2 v + h of a key holds the exponent of half h of pair p of vector v of four.
HWY_INLINE __m512i exponents_of(__m512i first, __m512i second, __m512i third, __m512i fourth) {
  // The 8 bits from bit 23 on of both floats of a pair, to the places that a mask then chooses of.
  const __m512i both_exponents = _mm512_set1_epi64(0x3717371737173717);
  constexpr __mmask64 kOfSecond = 0x0C0C0C0C0C0C0C0C;
  __m512i key = _mm512_multishift_epi64_epi8(both_exponents, first);
  key = _mm512_mask_multishift_epi64_epi8(key, kOfSecond, both_exponents, second);
  key = _mm512_mask_multishift_epi64_epi8(key, kOfSecond << 2, both_exponents, third);
  return _mm512_mask_multishift_epi64_epi8(key, kOfSecond << 4, both_exponents, fourth);
}

/// The place among 64 values of the one whose exponent is byte `byte` of their key.
HWY_INLINE std::size_t place_of_key(std::size_t byte) {
  return byte / 2 % 4 * 16 + byte / 8 * 2 + byte % 2;
}

/// Exponents to octave bits of the window [highest - 15, highest]. A key's place in the window, 1
/// to 16, finds its bit in two tables.
class OctaveLookup {
 public:
  explicit HWY_INLINE OctaveLookup(int highest) {
    const int below = highest - 16;  // the octave under the window
    minus_ = _mm512_set1_epi8(static_cast<char>(std::max(below, 0)));
    plus_ = _mm512_set1_epi8(static_cast<char>(std::max(-below, 0)));
  }
  /// Of keys of which none is above the window, which does not begin below 1.
  static constexpr int kHighestOfAll = 255;
  HWY_INLINE OctaveBits below_highest(__m512i key) const {
    return look_up(_mm512_subs_epu8(key, minus_));
  }
  HWY_INLINE OctaveBits any(__m512i key) const {
    const __m512i place = _mm512_adds_epu8(_mm512_subs_epu8(key, minus_), plus_);
    return look_up(_mm512_min_epu8(place, _mm512_set1_epi8(63)));  // the end of the tables
  }

 private:
  static HWY_INLINE OctaveBits look_up(__m512i place) {
    alignas(64) static constexpr std::uint8_t kLow[64] = {0, 1, 2, 4, 8, 16, 32, 64, 128};
    alignas(64) static constexpr std::uint8_t kHigh[64] = {0, 0, 0, 0, 0,  0,  0,  0,  0,
                                                           1, 2, 4, 8, 16, 32, 64, 128};
    return {_mm512_permutexvar_epi8(place, _mm512_load_si512(kLow)),
            _mm512_permutexvar_epi8(place, _mm512_load_si512(kHigh))};
  }
  __m512i minus_, plus_;
};

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

/// counts[k], k < 16, becomes the number of i in {0, 64, 128, ... below n} and bytes of bits(i)
/// that have octave k. n is at most 4096.
template <class Bits>
HWY_INLINE void tally_octaves(const Bits& bits, std::size_t n, std::uint32_t* HWY_RESTRICT counts) {
  const OctaveBits zero = no_octave_bits();
  CarrySaveSums sums = no_carry_save_sums();
  OctaveBits sixteens = zero;
  std::size_t i = 0;
  for (; i + 1024 <= n; i += 1024) {
    sixteens = add_bytes(sixteens, count_in_eights(sums.add_16(bits, i)));
  }
  OctaveBits sum = zero;  // below a byte: 8 * (8 + 4 + 2 + 1), and 8 * 15 of the rest
  if (i > 0) {
    sum = count_in_eights(sums.eights);
    for (const OctaveBits& next : {sums.fours, sums.twos, sums.ones}) {
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

}  // namespace plumb::HWY_NAMESPACE
HWY_POP_ATTRIBUTES
HWY_AFTER_NAMESPACE();

#endif  // HWY_AVX3_DL

#endif  // per-target include guard
