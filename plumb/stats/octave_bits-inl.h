// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_BITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_BITS_INL_H_
#undef PLUMB_STATS_OCTAVE_BITS_INL_H_
#else
#define PLUMB_STATS_OCTAVE_BITS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The octaves of 64 values as bits: byte i of `low` or `high` has the one bit set that stands for
/// the octave of value i among the lower or the upper eight of a window of 16.
struct OctaveBits {
  __m512i low, high;
};

HWY_INLINE OctaveBits no_octave_bits() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }

/// Adds three bits at each position: `sum` keeps the low bit, the result is the carry.
HWY_INLINE OctaveBits add_carry_save(OctaveBits& sum, OctaveBits b, OctaveBits c) {
  const OctaveBits carry{_mm512_ternarylogic_epi32(sum.low, b.low, c.low, 0xE8),
                         _mm512_ternarylogic_epi32(sum.high, b.high, c.high, 0xE8)};
  sum.low = _mm512_ternarylogic_epi32(sum.low, b.low, c.low, 0x96);
  sum.high = _mm512_ternarylogic_epi32(sum.high, b.high, c.high, 0x96);
  return carry;
}

/// The low bits of sums of 1, 2, 4 and 8 sets of octave bits.
struct CarrySaveSums {
  OctaveBits ones, twos, fours, eights;

  /// Adds bits(i), bits(i + 64), ... bits(i + 192); returns the carry, in units of four.
  template <class Bits>
  HWY_INLINE OctaveBits add_4(const Bits& bits, std::size_t i) {
    const OctaveBits a = add_carry_save(ones, bits(i), bits(i + 64));
    const OctaveBits b = add_carry_save(ones, bits(i + 128), bits(i + 192));
    return add_carry_save(twos, a, b);
  }
  /// The same of sixteen; the carry is in units of sixteen.
  template <class Bits>
  HWY_INLINE OctaveBits add_16(const Bits& bits, std::size_t i) {
    const OctaveBits a = add_4(bits, i), b = add_4(bits, i + 256);
    const OctaveBits first = add_carry_save(fours, a, b);
    const OctaveBits c = add_4(bits, i + 512), d = add_4(bits, i + 768);
    return add_carry_save(eights, first, add_carry_save(fours, c, d));
  }
};

HWY_INLINE CarrySaveSums no_carry_save_sums() {
  const OctaveBits none = no_octave_bits();
  return {none, none, none, none};
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // AVX-512

#endif  // per-target include guard
