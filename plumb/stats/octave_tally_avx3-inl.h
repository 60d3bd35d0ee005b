// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_TALLY_AVX3_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_TALLY_AVX3_INL_H_
#undef PLUMB_STATS_OCTAVE_TALLY_AVX3_INL_H_
#else
#define PLUMB_STATS_OCTAVE_TALLY_AVX3_INL_H_
#endif

#include "plumb/stats/octave_bits-inl.h"

#if HWY_TARGET == HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What exponent_keys-inl.h asks of an instruction set, where it has AVX-512 with bytes and words
/// but neither byte permutes nor bit matrices (from Skylake-X on).

template <int kMask>
HWY_INLINE __m512i select_bits(__m512i where_set, __m512i elsewhere) {
  return _mm512_ternarylogic_epi32(_mm512_set1_epi32(kMask), where_set, elsewhere, 0xCA);
}

/// Dword j of a key holds the exponents of value j of four vectors, the first one's in the highest
/// byte.
template <unsigned kVector>
HWY_INLINE __m512i with_exponents(__m512i key, __m512i bits) {
  if constexpr (kVector == 0) return _mm512_slli_epi32(bits, 1);
  if constexpr (kVector == 1)
    return select_bits<static_cast<int>(0xff000000)>(key, _mm512_srli_epi32(bits, 7));
  if constexpr (kVector == 2)
    return select_bits<static_cast<int>(0xffff0000)>(key, _mm512_srli_epi32(bits, 15));
  if constexpr (kVector == 3)
    return select_bits<static_cast<int>(0xffffff00)>(key, _mm512_srli_epi32(bits, 23));
}

/// The place among 64 values of the one whose exponent is byte `byte` of their key.
HWY_INLINE std::size_t place_of_key(std::size_t byte) { return (3 - byte % 4) * 16 + byte / 4; }

/// Exponents to octave bits of the window [highest - 15, highest]. A byte finds its bit in two
/// tables of 16; one with its own highest bit set finds none.
class OctaveLookup {
 public:
  explicit HWY_INLINE OctaveLookup(int highest) {
    const int lowest = highest - 15;
    plus_ = _mm512_set1_epi8(static_cast<char>(std::max(-lowest, 0)));
    floor_ = _mm512_set1_epi8(static_cast<char>(std::max(lowest - 1, 0)));
    minus_ = _mm512_set1_epi8(static_cast<char>(std::max(lowest, 0)));
  }
  /// Of keys of which none is above the window, which does not begin below 1.
  HWY_INLINE OctaveBits below_highest(__m512i key) const {
    return look_up(_mm512_sub_epi8(_mm512_max_epu8(key, floor_), minus_));
  }
  HWY_INLINE OctaveBits any(__m512i key) const {
    const __m512i place =
        _mm512_sub_epi8(_mm512_max_epu8(_mm512_adds_epu8(key, plus_), floor_), minus_);
    return look_up(_mm512_adds_epu8(place, _mm512_set1_epi8(0x70)));
  }

 private:
  static HWY_INLINE OctaveBits look_up(__m512i place) {
    const __m512i low =
        _mm512_broadcast_i32x4(_mm_set_epi64x(0, static_cast<long long>(0x8040201008040201ull)));
    const __m512i high =
        _mm512_broadcast_i32x4(_mm_set_epi64x(static_cast<long long>(0x8040201008040201ull), 0));
    return {_mm512_shuffle_epi8(low, place), _mm512_shuffle_epi8(high, place)};
  }
  __m512i plus_, floor_, minus_;
};

/// a becomes what both have in their lower halves of each 2 * kBits bits, b what they have in the
/// upper ones: the transposition of a matrix of 2 x 2 fields of kBits bits.
template <int kBits, int kMask>
HWY_INLINE void transpose_fields(__m512i& a, __m512i& b) {
  const __m512i lower = select_bits<kMask>(a, _mm512_slli_epi32(b, kBits));
  b = select_bits<kMask>(_mm512_srli_epi32(a, kBits), b);
  a = lower;
}

/// Bit p of each byte of planes[k] was bit k of that byte of planes[p].
HWY_INLINE void transpose_bits(__m512i (&planes)[8]) {
  for (int p = 0; p < 4; ++p) transpose_fields<4, 0x0f0f0f0f>(planes[p], planes[p + 4]);
  for (const int p : {0, 1, 4, 5}) transpose_fields<2, 0x33333333>(planes[p], planes[p + 2]);
  for (const int p : {0, 2, 4, 6}) transpose_fields<1, 0x55555555>(planes[p], planes[p + 1]);
}

/// counts[k], k < 16, becomes the number of i in {0, 64, 128, ... below n} and bytes of bits(i)
/// that have octave k. n is at most 4096.
template <class Bits>
HWY_INLINE void tally_octaves(const Bits& bits, std::size_t n, std::uint32_t* HWY_RESTRICT counts) {
  constexpr int kPlanes = 7;  // a byte of a sum of 64 is at most 64
  CarrySaveSums sums = no_carry_save_sums();
  OctaveBits above[3] = {no_octave_bits(), no_octave_bits(), no_octave_bits()};
  const auto carry_on = [](OctaveBits& plane, OctaveBits& carry) HWY_ATTR {
    const OctaveBits next{_mm512_and_si512(plane.low, carry.low),
                          _mm512_and_si512(plane.high, carry.high)};
    plane = {_mm512_xor_si512(plane.low, carry.low), _mm512_xor_si512(plane.high, carry.high)};
    carry = next;
  };
  const auto add_from_sixteens = [&](OctaveBits carry) HWY_ATTR {
    for (OctaveBits& plane : above) carry_on(plane, carry);
  };
  std::size_t i = 0;
  for (; i + 1024 <= n; i += 1024) add_from_sixteens(sums.add_16(bits, i));
  for (; i + 256 <= n; i += 256) {
    OctaveBits carry = sums.add_4(bits, i);
    carry_on(sums.fours, carry);
    carry_on(sums.eights, carry);
    add_from_sixteens(carry);
  }
  for (; i < n; i += 64) {
    OctaveBits carry = bits(i);
    for (OctaveBits* plane : {&sums.ones, &sums.twos, &sums.fours, &sums.eights})
      carry_on(*plane, carry);
    add_from_sixteens(carry);
  }

  // The two halves of each plane of `low` are added into the lower half of one of eight planes,
  // those of `high` into the upper half.
  const OctaveBits planes[kPlanes] = {sums.ones, sums.twos, sums.fours, sums.eights,
                                      above[0],  above[1],  above[2]};
  __m512i bytes[kPlanes + 1];
  __m512i carry = _mm512_setzero_si512();
  for (int p = 0; p < kPlanes; ++p) {
    const __m512i a = _mm512_shuffle_i64x2(planes[p].low, planes[p].high, 0x44);
    const __m512i b = _mm512_shuffle_i64x2(planes[p].low, planes[p].high, 0xEE);
    bytes[p] = _mm512_ternarylogic_epi32(a, b, carry, 0x96);
    carry = _mm512_ternarylogic_epi32(a, b, carry, 0xE8);
  }
  bytes[kPlanes] = carry;
  transpose_bits(
      bytes);  // bytes[k] has counts up to 128 of octave k, and of 8 + k in its upper half

  // Sums over bytes: of eight, then of the four 64 bits of a half, in fields of 16 bits.
  const __m512i zero = _mm512_setzero_si512();
  const auto sum_of_eights = [&](int k) HWY_ATTR { return _mm512_sad_epu8(bytes[k], zero); };
  const auto four_octaves = [&](int k) HWY_ATTR {
    const __m512i lower =
        _mm512_or_si512(sum_of_eights(k), _mm512_slli_epi64(sum_of_eights(k + 1), 16));
    const __m512i upper = _mm512_or_si512(_mm512_slli_epi64(sum_of_eights(k + 2), 32),
                                          _mm512_slli_epi64(sum_of_eights(k + 3), 48));
    return _mm512_or_si512(lower, upper);
  };
  const __m512i first = four_octaves(0), second = four_octaves(4);
  const __m512i twos =
      _mm512_add_epi64(_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second));
  const __m512i fours = _mm512_add_epi64(twos, _mm512_shuffle_i64x2(twos, twos, 0xB1));
  const __m512i all = _mm512_shuffle_i64x2(fours, fours, 0x08);
  _mm512_storeu_si512(counts, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(all)));
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HWY_AVX3

#endif  // per-target include guard
