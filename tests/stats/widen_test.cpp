// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/widen.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "tests/stats/every_target.h"

namespace plumb {
namespace {

std::vector<std::uint16_t> all_bits() {
  std::vector<std::uint16_t> bits(65536);
  std::iota(bits.begin(), bits.end(), std::uint16_t{0});
  return bits;
}

std::vector<float> widened(ElementType type, const void* x, std::size_t n) {
  std::vector<float> out(n);
  widen(type, x, n, out.data());
  return out;
}

#ifdef __FLT16_MAX__
// The compiler's own conversion; any NaN is one.
TEST(WidenTest, EveryBinary16IsWhatTheCompilerSays) {
  const std::vector<std::uint16_t> bits = all_bits();
  for_every_target([&] {
    const std::vector<float> got = widened(ElementType::f16, bits.data(), bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const auto expected = static_cast<float>(std::bit_cast<_Float16>(bits[i]));
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(got[i])) << i;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(expected))
            << i;
      }
    }
  });
}
#endif

// IEEE 754-2019, table 3.5: 5 bits of exponent, biased by 15, and 10 of fraction.
TEST(WidenTest, Binary16ByItsTable) {
  const std::vector<std::uint16_t> bits{0x0000, 0x8000, 0x0001, 0x83ff, 0x0400,
                                        0x3c00, 0xc001, 0x7bff, 0x7c00, 0xfc00};
  const float kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> expected{0.0f, -0.0f,       0x1p-24f, -0x1.ff8p-15f, 0x1p-14f,
                                    1.0f, -0x1.004p1f, 65504.0f, kInf,          -kInf};
  for_every_target([&] {
    const std::vector<float> got = widened(ElementType::f16, bits.data(), bits.size());
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(std::signbit(got[1]));
  });
}

TEST(WidenTest, Bfloat16IsTheUpperHalfOfAFloat) {
  const std::vector<std::uint16_t> bits = all_bits();
  for_every_target([&] {
    const std::vector<float> got = widened(ElementType::bf16, bits.data(), bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), static_cast<std::uint32_t>(i) << 16);
    }
  });
}

TEST(WidenTest, EveryLengthAndMisalignmentAndNothingBeyond) {
  const std::vector<std::uint16_t> bits = all_bits();
  for_every_target([&] {
    for (std::size_t offset = 0; offset < 3; ++offset) {
      for (std::size_t n = 0; n <= 140; ++n) {
        std::vector<float> out(n + 1, -1.0f);
        widen(ElementType::bf16, bits.data() + 0x3f80 + offset, n, out.data());
        for (std::size_t i = 0; i < n; ++i) {
          ASSERT_EQ(out[i],
                    std::bit_cast<float>((0x3f80u + static_cast<std::uint32_t>(offset + i)) << 16));
        }
        ASSERT_EQ(out[n], -1.0f);
      }
    }
  });
}

TEST(WidenTest, ToDoubleFromAll) {
  const std::vector<std::uint16_t> f16(600, 0x3c01), bf16(600, 0x3f81);
  const std::vector<float> f32(600, 0.1f);
  const std::vector<double> f64(600, 0.1);
  const auto to_double = [](ElementType type, const void* x) {
    std::vector<double> out(600);
    widen(type, x, out.size(), out.data());
    return out;
  };
  EXPECT_EQ(to_double(ElementType::f16, f16.data()), std::vector<double>(600, 0x1.004p0));
  EXPECT_EQ(to_double(ElementType::bf16, bf16.data()), std::vector<double>(600, 0x1.02p0));
  EXPECT_EQ(to_double(ElementType::f32, f32.data()),
            std::vector<double>(600, static_cast<double>(0.1f)));
  EXPECT_EQ(to_double(ElementType::f64, f64.data()), f64);
  EXPECT_THROW(widened(ElementType::f64, f64.data(), 1), std::logic_error);
}

}  // namespace
}  // namespace plumb
