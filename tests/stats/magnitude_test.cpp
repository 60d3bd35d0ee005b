// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/magnitude.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/stats/widen.h"
#include "tests/core/strided_cases.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

View view_of_mutable(std::vector<float>& x) {
  return {x.data(), DType::f32, Shape{static_cast<std::int64_t>(x.size())}};
}

TEST(MagnitudeTest, AbsMaxFindsTheLargestWhereverItIs) {
  for_every_target([] {
    for (std::size_t n = 1; n <= 70; ++n) {
      for (std::size_t where = 0; where < n; ++where) {
        std::vector<float> x(n, 0.5f);
        x[where] = -3.0f;
        ASSERT_EQ(abs_max(x), 3.0f) << n << " " << where;
      }
    }
  });
}

TEST(MagnitudeTest, AbsMaxPassesOverNanAndSeesInfinity) {
  for_every_target([] {
    std::vector<float> x(67, kNan);
    EXPECT_EQ(abs_max(x), 0.0f);
    x[66] = -2.0f;
    EXPECT_EQ(abs_max(x), 2.0f);
    x[5] = -1e-45f;
    x[66] = kNan;
    EXPECT_EQ(abs_max(x), 1e-45f);
    x[3] = -kInf;
    EXPECT_EQ(abs_max(x), kInf);
  });
  EXPECT_EQ(abs_max(std::span<const float>{}), 0.0f);
  const std::vector<double> d{1.0, -4.0, std::nan(""), 2.0};
  EXPECT_EQ(abs_max(d), 4.0);
  EXPECT_EQ(abs_max(std::span<const double>{}), 0.0);
}

TEST(MagnitudeTest, ScalingRoundsOnceAsScalbnDoesForEveryPower) {
  const Rng rng(3, "scale");
  std::vector<float> x;
  for (std::uint64_t i = 0; i < 61; ++i) {
    const int exponent = static_cast<int>(rng.below(2 * i, 276)) - 148;
    x.push_back(std::scalbn(static_cast<float>(rng.uniform(2 * i + 1, -2, 2)), exponent));
  }
  x.insert(x.end(), {0.0f, -0.0f, kInf, -kInf, 1e-45f, std::numeric_limits<float>::max()});
  for_every_target([&] {
    for (int k = -500; k <= 500; k += (std::abs(k) < 290 ? 1 : 50)) {
      std::vector<float> y = x;
      scale_by_power_of_two(view_of_mutable(y), k);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float expected = std::scalbn(x[i], k);
        ASSERT_EQ(y[i], expected) << x[i] << " * 2^" << k;
        ASSERT_EQ(std::signbit(y[i]), std::signbit(expected));
      }
    }
    std::vector<float> nan{kNan};
    scale_by_power_of_two(view_of_mutable(nan), -300);
    EXPECT_TRUE(std::isnan(nan[0]));
  });
}

TEST(MagnitudeTest, ScalingDoublesRoundsOnce) {
  const std::vector<double> x{1.1, -3.7e-310, 1.7e308, 4.9e-324, 2.3e-200};
  for (int k = -2300; k <= 2300; k += 7) {
    std::vector<double> y = x;
    scale_by_power_of_two(View{y.data(), DType::f64, Shape{5}}, k);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], std::scalbn(x[i], k)) << k;
  }
}

TEST(MagnitudeTest, Log2RmsHoldsOverTheWholeRangeOfTheType) {
  for_every_target([] {
    for (const int exponent : {-149, -140, -100, 0, 60, 127}) {
      const std::vector<float> x(37, std::scalbn(1.0f, exponent));
      EXPECT_DOUBLE_EQ(log2_rms(view_of(x)), exponent);
    }
    EXPECT_DOUBLE_EQ(log2_rms(view_of(std::vector<float>{3, -4})), 0.5 * std::log2(12.5));
  });
  for (const int exponent : {-1074, -700, 0, 700, 1023}) {
    const std::vector<double> x(5, std::scalbn(-1.0, exponent));
    EXPECT_DOUBLE_EQ(log2_rms(view_of(x)), exponent);
  }
}

TEST(MagnitudeTest, Log2RmsAgreesWithDoubleAtEveryLengthAndSize) {
  const Rng rng(11, "log2 rms");
  std::vector<float> all(9000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(rng.normal(i));
  for_every_target([&] {
    // The exponents reach over both ends of what is added up in float.
    for (const int exponent : {-146, -90, -63, -50, -45, -40, 0, 30, 50, 60, 63, 100, 124}) {
      for (const std::size_t n : {1U, 2U, 15U, 16U, 17U, 63U, 65U, 2047U, 2048U, 2049U, 9000U}) {
        std::vector<float> x(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
        for (float& v : x) v = std::scalbn(v, exponent);
        double squares = 0;
        for (const float v : x) squares += std::pow(static_cast<double>(v), 2);
        const double expected = 0.5 * std::log2(squares / static_cast<double>(n));
        ASSERT_NEAR(log2_rms(view_of(x)), expected, 1e-6) << n << " values, 2^" << exponent;
      }
    }
    // A few large values among many that a float's square has no room for.
    std::vector<float> x(3000, 0x1p-70f);
    x[17] = 0x1p-44f;
    EXPECT_NEAR(log2_rms(view_of(x)), -44 - 0.5 * std::log2(3000), 1e-6);
    x[17] = 0x1p-69f;
    EXPECT_NEAR(log2_rms(view_of(x)), -70 + 0.5 * std::log2(3003.0 / 3000), 1e-6);
  });
}

TEST(MagnitudeTest, Log2RmsOfZerosNothingAndNonfinite) {
  const double minus_inf = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(log2_rms(view_of(std::vector<float>(20, 0.0f))), minus_inf);
  EXPECT_EQ(log2_rms(view_of(std::vector<float>{})), minus_inf);
  EXPECT_EQ(log2_rms(view_of(std::vector<double>(3, 0.0))), minus_inf);
  EXPECT_TRUE(std::isnan(log2_rms(view_of(std::vector<float>{1, kNan, 2}))));
  EXPECT_EQ(log2_rms(view_of(std::vector<float>{1, -kInf, 2})), -minus_inf);
  EXPECT_TRUE(std::isnan(log2_rms(view_of(std::vector<double>{1, std::nan("")}))));
  EXPECT_EQ(log2_rms(view_of(std::vector<double>{1, minus_inf})), -minus_inf);
}

TEST(MagnitudeTest, DotAgreesWithPlainLoopsAtEveryLengthAndMisalignment) {
  const Rng rng(5, "dot");
  std::vector<float> a(90), b(90);
  for (std::size_t i = 0; i < 90; ++i) {
    a[i] = static_cast<float>(rng.normal(2 * i));
    b[i] = static_cast<float>(rng.normal(2 * i + 1));
  }
  for_every_target([&] {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      for (std::size_t n = 0; n + offset <= 90; ++n) {
        double expected = 0;
        for (std::size_t i = 0; i < n; ++i) {
          expected += static_cast<double>(a[offset + i]) * static_cast<double>(b[i]);
        }
        const double got = dot(view_of(std::span<const float>(a).subspan(offset, n)),
                               view_of(std::span<const float>(b).first(n)));
        ASSERT_NEAR(got, expected, 1e-13) << n;
      }
    }
  });
}

TEST(MagnitudeTest, DotOfDifferentSizesOrTypesIsABug) {
  const std::vector<float> a(3), b(4);
  const std::vector<double> c(3, 2.0);
  EXPECT_THROW(dot(view_of(a), view_of(b)), std::logic_error);
  EXPECT_THROW(dot(view_of(a), view_of(c)), std::logic_error);
  EXPECT_EQ(dot(view_of(c), view_of(c)), 12.0);
}

TEST(MagnitudeTest, Log2RmsOfDoublesInAnyRangeAndMixture) {
  std::vector<double> x(5000, 0x1p-700);
  for_every_target([&] {
    EXPECT_NEAR(log2_rms(view_of(x)), -700, 1e-12);
    x[4000] = 0x1p-650;
    EXPECT_NEAR(log2_rms(view_of(x)), -650 - 0.5 * std::log2(5000), 1e-12);
    x[10] = 0x1p900;
    EXPECT_NEAR(log2_rms(view_of(x)), 900 - 0.5 * std::log2(5000), 1e-12);
    x[4000] = x[10] = 0x1p-700;
  });
}

// Every pair of types, each in some memory, beside one loop over the indices.
TEST(MagnitudeTest, OfAnyTypesAndStrides) {
  const Rng rng(8, "strided");
  const std::size_t size = 200000;
  std::vector<float> f32(size);
  std::vector<double> f64(size);
  std::vector<std::uint16_t> bf16(size), f16(size);
  for (std::size_t i = 0; i < size; ++i) {
    f64[i] = rng.normal(i);
    f32[i] = static_cast<float>(rng.normal(i + size));
    bf16[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(f32[i]) >> 16);
    f16[i] = static_cast<std::uint16_t>(0x3000 + i % 3000);
  }
  const auto view = [&](const StridedCase& c, ElementType type) {
    switch (type) {
      case ElementType::f16: return c.view(f16.data(), type);
      case ElementType::bf16: return c.view(bf16.data(), type);
      case ElementType::f32: return c.view(f32.data(), type);
      default: return c.view(f64.data(), type);
    }
  };
  const auto values = [&](const StridedView& v) {
    std::vector<double> out;
    if (v.type == ElementType::f64) return elements_of<double>(v);
    if (v.type == ElementType::f32) {
      for (const float value : elements_of<float>(v)) out.push_back(value);
      return out;
    }
    for (const std::uint16_t bits : elements_of<std::uint16_t>(v)) {
      float value = 0;
      widen(v.type, &bits, 1, &value);  // which has its own test
      out.push_back(value);
    }
    return out;
  };
  constexpr ElementType kAll[] = {ElementType::f16, ElementType::bf16, ElementType::f32,
                                  ElementType::f64};
  const std::vector<StridedCase> cases = strided_cases();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (std::size_t j = 0; j < cases.size(); ++j) {
      if (cases[i].sizes != cases[j].sizes) continue;
      for (const ElementType type : kAll) {
        const ElementType other = kAll[(static_cast<std::size_t>(type) + i + j) % 4];
        const StridedView a = view(cases[i], type), b = view(cases[j], other);
        const std::vector<double> x = values(a), y = values(b);
        double product = 0, squares = 0, magnitude = 0;
        for (std::size_t k = 0; k < x.size(); ++k) {
          product += x[k] * y[k];
          squares += x[k] * x[k];
          magnitude += std::abs(x[k] * y[k]);
        }
        for_every_target([&] {
          EXPECT_NEAR(dot(a, b), product, 1e-13 * magnitude)
              << a.to_string() << " with " << b.to_string();
          if (x.empty()) {
            EXPECT_EQ(log2_rms(a), -std::numeric_limits<double>::infinity());
          } else {
            EXPECT_NEAR(log2_rms(a), 0.5 * std::log2(squares / static_cast<double>(x.size())), 1e-6)
                << a.to_string();
          }
        });
      }
    }
  }
  StridedView one = view(cases[1], ElementType::f32), other = one;
  other.sizes[1] -= 1;
  EXPECT_THROW(dot(one, other), ShapeError);
}

}  // namespace
}  // namespace plumb
