// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_TALLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_TALLY_INL_H_
#undef PLUMB_STATS_OCTAVE_TALLY_INL_H_
#else
#define PLUMB_STATS_OCTAVE_TALLY_INL_H_
#endif

#include "plumb/stats/octave_bits-inl.h"

#if HWY_TARGET <= HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// What exponent_keys-inl.h asks of AVX-512 with bytes and words (from Skylake-X on). Byte permutes
/// and bit matrices, which later processors have, would take 3 % off a measured step at the most.

/// Dword j of a key holds the exponents of value j of four vectors: from the highest byte on, of
/// the first, the third, the second and the fourth.
HWY_INLINE __m512i exponents_of(__m512i first, __m512i second, __m512i third, __m512i fourth) {
  // The upper half of each dword of b, beside that of a.
  const auto upper_halves = [](__m512i a, __m512i b) HWY_ATTR {
    constexpr __mmask64 kLowerHalves = 0x3333333333333333;
    const __m512i upper_to_lower = _mm512_broadcast_i32x4(
        _mm_setr_epi8(2, 3, 2, 3, 6, 7, 6, 7, 10, 11, 10, 11, 14, 15, 14, 15));
    return _mm512_mask_shuffle_epi8(a, kLowerHalves, b, upper_to_lower);
  };
  const __m512i to_upper_bytes = _mm512_slli_epi16(upper_halves(first, second), 1);
  const __m512i to_lower_bytes = _mm512_srli_epi16(upper_halves(third, fourth), 7);
  constexpr __mmask64 kUpperBytes = 0xAAAAAAAAAAAAAAAA;
  return _mm512_mask_mov_epi8(to_lower_bytes, kUpperBytes, to_upper_bytes);
}

/// The place among 64 values of the one whose exponent is byte `byte` of their key.
HWY_INLINE std::size_t place_of_key(std::size_t byte) {
  constexpr std::size_t kVector[4] = {3, 1, 2, 0};
  return kVector[byte % 4] * 16 + byte / 4;
}

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
  /// Of keys of which none is above the window, which does not begin below 1 nor above 128: what
  /// lies under it wraps to 128 or more.
  static constexpr int kHighestOfAll = 143;
  HWY_INLINE OctaveBits below_highest(__m512i key) const {
    return look_up(_mm512_sub_epi8(key, minus_));
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
  constexpr int kSecondWhereMask = 0xD8, kFirstWhereMask = 0xE4;
  const __m512i mask = _mm512_set1_epi32(kMask);
  const __m512i lower =
      _mm512_ternarylogic_epi32(_mm512_slli_epi32(b, kBits), a, mask, kSecondWhereMask);
  b = _mm512_ternarylogic_epi32(_mm512_srli_epi32(a, kBits), b, mask, kFirstWhereMask);
  a = lower;
}

/// Bit p of each byte of planes[k] was bit k of that byte of planes[p].
HWY_INLINE void transpose_bits(__m512i (&planes)[8]) {
  for (int p = 0; p < 4; ++p) transpose_fields<4, 0x0f0f0f0f>(planes[p], planes[p + 4]);
  for (const int p : {0, 1, 4, 5}) transpose_fields<2, 0x33333333>(planes[p], planes[p + 2]);
  for (const int p : {0, 2, 4, 6}) transpose_fields<1, 0x55555555>(planes[p], planes[p + 1]);
}

/// Adds one bit at each position: `plane` keeps the low bit, the result is the carry.
HWY_INLINE OctaveBits carry_on(OctaveBits& plane, OctaveBits bits) {
  const OctaveBits carry{_mm512_and_si512(plane.low, bits.low),
                         _mm512_and_si512(plane.high, bits.high)};
  plane = {_mm512_xor_si512(plane.low, bits.low), _mm512_xor_si512(plane.high, bits.high)};
  return carry;
}

/// The counts of 16 octaves as 32-bit numbers, of the sums over 64 bytes that kPlanes planes are
/// the bits of, the lowest first.
template <int kPlanes>
HWY_INLINE __m512i counts_of_planes(const OctaveBits (&planes)[kPlanes]) {
  static_assert(kPlanes < 8);
  // The two halves of each plane of `low` are added into the lower half of one of eight planes,
  // those of `high` into the upper half.
  __m512i bytes[8];
  __m512i carry = _mm512_setzero_si512();
  for (int p = 0; p < kPlanes; ++p) {
    bytes[p] = carry;
    carry = add_carry_save(bytes[p], _mm512_shuffle_i64x2(planes[p].low, planes[p].high, 0x44),
                           _mm512_shuffle_i64x2(planes[p].low, planes[p].high, 0xEE));
  }
  bytes[kPlanes] = carry;
  for (int p = kPlanes + 1; p < 8; ++p) bytes[p] = _mm512_setzero_si512();
  // bytes[k] then has counts up to 128 of octave k, and of 8 + k in its upper half.
  transpose_bits(bytes);

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
  return _mm512_cvtepu16_epi32(_mm512_castsi512_si256(all));
}

/// The bits of v are swapped with those kBits further on, where kMask has them: two fields of a
/// matrix of bits in each 64 change places.
template <int kBits, long long kMask>
HWY_INLINE __m512i swap_bits(__m512i v) {
  constexpr int kXorThenAnd = 0x28;  // (a ^ b) & c
  const __m512i changed = _mm512_ternarylogic_epi64(_mm512_srli_epi64(v, kBits), v,
                                                    _mm512_set1_epi64(kMask), kXorThenAnd);
  return _mm512_ternarylogic_epi64(v, changed, _mm512_slli_epi64(changed, kBits), 0x96);
}

/// Byte k of each 64 bits: how many of the eight bytes there have bit k set. They are transposed as
/// an 8 x 8 matrix of bits.
HWY_INLINE __m512i count_in_eights(__m512i v) {
  v = swap_bits<7, 0x00AA00AA00AA00AA>(v);
  v = swap_bits<14, 0x0000CCCC0000CCCC>(v);
  v = swap_bits<28, 0x00000000F0F0F0F0>(v);
  const __m512i bits_of =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m512i low_half = _mm512_set1_epi8(0x0f);
  const __m512i low = _mm512_shuffle_epi8(bits_of, _mm512_and_si512(v, low_half));
  const __m512i high =
      _mm512_shuffle_epi8(bits_of, _mm512_and_si512(_mm512_srli_epi64(v, 4), low_half));
  return _mm512_add_epi8(low, high);
}

/// The same of one set of octave bits, with less to prepare.
HWY_INLINE __m512i counts_of_64(OctaveBits bits) {
  const __m512i low = count_in_eights(bits.low), high = count_in_eights(bits.high);
  // Beside each other those of 16 octaves; four of them are left to be added.
  const __m512i quarters =
      _mm512_add_epi8(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
  const __m256i halves =
      _mm256_add_epi8(_mm512_castsi512_si256(quarters), _mm512_extracti64x4_epi64(quarters, 1));
  return _mm512_cvtepu8_epi32(
      _mm_add_epi8(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1)));
}

/// Adds bits(i), bits(i + 64), ... below n, one by one at last; take_sixteens gets each carry in
/// units of sixteen.
template <class Bits, class Take>
HWY_INLINE void add_up(const Bits& bits, std::size_t n, CarrySaveSums& sums,
                       const Take& take_sixteens) {
  std::size_t i = 0;
  for (; i + 1024 <= n; i += 1024) take_sixteens(sums.add_16(bits, i));
  for (; i + 256 <= n; i += 256) {
    OctaveBits carry = sums.add_4(bits, i);
    carry = carry_on(sums.fours, carry);
    take_sixteens(carry_on(sums.eights, carry));
  }
  for (; i < n; i += 64) {
    OctaveBits carry = bits(i);
    for (OctaveBits* plane : {&sums.ones, &sums.twos, &sums.fours, &sums.eights}) {
      carry = carry_on(*plane, carry);
    }
    take_sixteens(carry);
  }
}

/// counts[k], k < 16, becomes the number of i in {0, 64, 128, ... below n} and bytes of bits(i)
/// that have octave k. n is at most 4096.
template <class Bits>
HWY_INLINE void tally_octaves(const Bits& bits, std::size_t n, std::uint32_t* HWY_RESTRICT counts) {
  if (n <= 64) {
    _mm512_storeu_si512(counts, counts_of_64(bits(0)));
    return;
  }
  CarrySaveSums sums = no_carry_save_sums();
  OctaveBits sixteens = no_octave_bits();
  if (n <= 1024) {  // at most one sixteen a byte
    add_up(bits, n, sums, [&](OctaveBits carry) HWY_ATTR { carry_on(sixteens, carry); });
    const OctaveBits planes[] = {sums.ones, sums.twos, sums.fours, sums.eights, sixteens};
    _mm512_storeu_si512(counts, counts_of_planes(planes));
    return;
  }
  OctaveBits twos = no_octave_bits(), fours = no_octave_bits();  // of sixteens, up to 64 a byte
  add_up(bits, n, sums, [&](OctaveBits carry) HWY_ATTR {
    carry_on(fours, carry_on(twos, carry_on(sixteens, carry)));
  });
  const OctaveBits planes[] = {sums.ones, sums.twos, sums.fours, sums.eights,
                               sixteens,  twos,      fours};
  _mm512_storeu_si512(counts, counts_of_planes(planes));
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // AVX-512

#endif  // per-target include guard
