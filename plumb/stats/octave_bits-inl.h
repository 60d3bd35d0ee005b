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

#if HWY_TARGET <= HWY_AVX3

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
///
/// The carry is what b and c agree on, or else what the new sum is not: in this order each
/// instruction overwrites an operand that is not needed any more, and no register is copied.
HWY_INLINE __m512i add_carry_save(__m512i& sum, __m512i b, __m512i c) {
  constexpr int kXor = 0x96, kAgreedOrElseNotSum = 0xB2;
  sum = _mm512_ternarylogic_epi32(sum, b, c, kXor);
  return _mm512_ternarylogic_epi32(b, sum, c, kAgreedOrElseNotSum);
}
HWY_INLINE OctaveBits add_carry_save(OctaveBits& sum, OctaveBits b, OctaveBits c) {
  return {add_carry_save(sum.low, b.low, c.low), add_carry_save(sum.high, b.high, c.high)};
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
