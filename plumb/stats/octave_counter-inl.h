// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_OCTAVE_COUNTER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_OCTAVE_COUNTER_INL_H_
#undef PLUMB_STATS_OCTAVE_COUNTER_INL_H_
#else
#define PLUMB_STATS_OCTAVE_COUNTER_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#if HWY_TARGET > HWY_AVX3  // which has exponent_keys-inl.h

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// How many magnitudes fall into each octave of a window of 32: counts[k] is the number of i < n
/// with biased exponent lowest + k, where lowest = highest - 31 may be negative. `is_highest`: no
/// value lies above the window, which is of no use here.
///
/// `bits` are magnitude bits of floats (without sign), aligned to a vector; n is a multiple of
/// kOctaveGroup and at most kOctaveMax.
///
/// There is no scatter into a table. A value becomes a 32-bit word with one bit set, the bit of its
/// octave: a shift by (highest - exponent), which the hardware turns into an empty word when the
/// octave is outside the window. The words are added up bit by bit, all 32 octaves of all lanes at
/// once, by carry-save adders; what is left to do is to count bits in every sixteenth carry and in
/// the four sums.
///
/// Source  Carry-save counting of bits: Harley and Seal, in Warren, "Hacker's Delight", 2nd ed., 5-1;
///         for positions: Klarqvist, Mula, Lemire 2019, arXiv:1911.02696.
inline constexpr std::size_t kOctaveWindow = 32;
inline constexpr std::size_t kOctaveGroup = 16 * HWY_LANES(float);
inline constexpr std::size_t kOctaveMax = 15 * kOctaveGroup;  // counts of 16 * 15 fit a byte

#if HWY_TARGET == HWY_AVX2

using Words = hn::Vec<hn::ScalableTag<std::uint32_t>>;

HWY_INLINE Words zero_words() { return hn::Zero(hn::ScalableTag<std::uint32_t>()); }

/// v >> count in each lane; 0 for a count of 32 or more, which hn::Shr does not promise.
HWY_INLINE Words shift_right_each(Words v, Words count) {
  return Words{_mm256_srlv_epi32(v.raw, count.raw)};
}

/// Adds three bits at each position: `sum` keeps the low bit, the result is the carry.
HWY_INLINE Words add_carry_save(Words& sum, Words b, Words c) {
  const Words half = hn::Xor(b, c);
  const Words carry = hn::Or(hn::And(b, c), hn::And(half, sum));
  sum = hn::Xor(half, sum);
  return carry;
}

/// Sums over the lanes: how many lanes have bit k set, for all 32 k.
class LaneTally {
 public:
  HWY_INLINE LaneTally() {
    for (Words& bytes : sixteens_) bytes = zero_words();
  }

  /// Adds the lanes of v, sixteen units each. At most 255 times.
  HWY_INLINE void add_sixteens(Words v) {
    const hn::ScalableTag<std::uint32_t> d;
    for (int k = 0; k < 8;
         ++k) {  // bits k, k + 8, k + 16, k + 24 are counted in the lane's four bytes
      const Words bits = hn::And(hn::ShiftRightSame(v, k), hn::Set(d, 0x01010101));
      sixteens_[k] = hn::Add(sixteens_[k], bits);
    }
  }

  HWY_INLINE void finish(Words ones, Words twos, Words fours, Words eights, std::uint32_t* counts) {
    const hn::ScalableTag<std::uint32_t> d;
    for (int k = 0; k < 16; ++k) {  // bits k and k + 16 in the two halves of a lane
      Words sum = hn::And(hn::ShiftRightSame(sixteens_[k & 7], k & 8), hn::Set(d, 0x00ff00ff));
      for (const Words v : {eights, fours, twos, ones}) {
        sum = hn::Add(sum, sum);
        sum = hn::Add(sum, hn::And(hn::ShiftRightSame(v, k), hn::Set(d, 0x00010001)));
      }
      const std::uint32_t both = hn::GetLane(hn::SumOfLanes(d, sum));
      counts[k] = both & 0xffff;
      counts[k + 16] = both >> 16;
    }
  }

 private:
  Words sixteens_[8];
};

HWY_INLINE void count_octaves(const std::uint32_t* HWY_RESTRICT bits, std::size_t n, int highest,
                              bool /*is_highest*/, std::uint32_t* HWY_RESTRICT counts) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  // (limit - bits) >> 23 is highest - exponent: the ones below the exponent of `limit` lend no
  // borrow.
  const Words limit = hn::Set(d, (static_cast<std::uint32_t>(highest) << 23) | 0x007fffff);
  const Words top_bit = hn::Set(d, 0x80000000);
  const auto octave_bit = [&](std::size_t i) HWY_ATTR {
    return shift_right_each(top_bit, hn::ShiftRight<23>(hn::Sub(limit, hn::Load(d, bits + i))));
  };
  Words ones = zero_words(), twos = zero_words(), fours = zero_words(), eights = zero_words();
  LaneTally tally;
  for (std::size_t i = 0; i < n; i += 16 * lanes) {
    const auto twos_of_4 = [&](std::size_t at) HWY_ATTR {
      const Words a = add_carry_save(ones, octave_bit(at), octave_bit(at + lanes));
      const Words b = add_carry_save(ones, octave_bit(at + 2 * lanes), octave_bit(at + 3 * lanes));
      return add_carry_save(twos, a, b);
    };
    const auto fours_of_8 = [&](std::size_t at) HWY_ATTR {
      const Words a = twos_of_4(at);
      const Words b = twos_of_4(at + 4 * lanes);
      return add_carry_save(fours, a, b);
    };
    const Words a = fours_of_8(i);
    const Words b = fours_of_8(i + 8 * lanes);
    tally.add_sixteens(add_carry_save(eights, a, b));
  }
  tally.finish(ones, twos, fours, eights, counts);
}

#else

HWY_INLINE void count_octaves(const std::uint32_t* HWY_RESTRICT bits, std::size_t n, int highest,
                              bool /*is_highest*/, std::uint32_t* HWY_RESTRICT counts) {
  for (std::size_t k = 0; k < kOctaveWindow; ++k) counts[k] = 0;
  const auto lowest = static_cast<std::uint32_t>(highest - 31);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t k = (bits[i] >> 23) - lowest;
    if (k < kOctaveWindow) ++counts[k];
  }
}

#endif  // shifts beyond the word

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // not AVX-512

#endif  // per-target include guard
