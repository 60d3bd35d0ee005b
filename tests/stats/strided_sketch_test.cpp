// SPDX-License-Identifier: Apache-2.0
// Sketches of tensors of any type and strides.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/stats/piecewise_sketch.h"
#include "plumb/stats/sketch.h"
#include "tests/core/strided_cases.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

constexpr ElementType kAll[] = {ElementType::f16, ElementType::bf16, ElementType::f32,
                                ElementType::f64};

/// Random numbers of a type, with zeros, NaN and infinities among them if asked for.
class Elements {
 public:
  Elements(ElementType type, std::size_t n, bool with_others)
      : type_(type), bytes_(n * static_cast<std::size_t>(size_bytes(type)) + 8) {
    const Rng rng(31, "elements");
    for (std::size_t i = 0; i < n; ++i) {
      double value = 0.01 * rng.normal(i);
      if (with_others && i % 9 == 0) value = 0;
      if (with_others && i % 101 == 0) value = std::numeric_limits<double>::infinity();
      if (with_others && i % 103 == 0) value = std::numeric_limits<double>::quiet_NaN();
      put(i, value);
    }
  }
  const std::byte* data() const { return bytes_.data(); }

 private:
  void put(std::size_t i, double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    switch (type_) {
      case ElementType::f64: write(i, value); return;
      case ElementType::f32: write(i, static_cast<float>(value)); return;
      case ElementType::bf16: write(i, static_cast<std::uint16_t>(bits >> 16)); return;
      case ElementType::f16: {  // all exponents and fractions do
        const std::uint32_t shift = std::isfinite(value) && value != 0 ? 112u << 23 : 0;
        const auto magnitude = std::isfinite(value) ? ((bits & 0x7fffffff) - shift) >> 13
                               : std::isnan(value)  ? 0x7e00
                                                    : 0x7c00;
        const bool is_tiny = (bits & 0x7fffffff) < shift;
        write(i, static_cast<std::uint16_t>((bits >> 16 & 0x8000) | (is_tiny ? 3 : magnitude)));
        return;
      }
    }
  }
  template <class T>
  void write(std::size_t i, T value) {
    std::memcpy(bytes_.data() + i * sizeof(T), &value, sizeof(T));
  }
  ElementType type_;
  std::vector<std::byte> bytes_;
};

Accuracy accuracy_of(ElementType type) {
  return type == ElementType::f64 ? kDoubleAccuracy : kFloatAccuracy;
}

TEST(StridedSketchTest, AnyTypeAndStrides) {
  for (const ElementType type : kAll) {
    for (const bool with_others : {false, true}) {
      for (const StridedCase& c : strided_cases()) {
        const Elements elements(type, static_cast<std::size_t>(c.extent), with_others);
        const StridedView view(elements.data() + c.first * size_bytes(type), type, c.sizes,
                               c.strides);
        const Sketch expected = sketch_reference(view, -2.5);
        for_every_target([&] {
          EXPECT_TRUE(same_sketch(sketch(view, -2.5), expected, accuracy_of(type)))
              << c.name << ", " << view.to_string();
        });
      }
    }
  }
}

TEST(StridedSketchTest, EveryLengthStrideAndMisalignmentOfAllTypes) {
  for (const ElementType type : kAll) {
    const Elements elements(type, 1000, true);
    for (const std::int64_t stride : {1, 2, 3, -1, 0}) {
      for (std::int64_t n = 0; n <= 140; n += n < 40 ? 1 : 7) {
        for (std::int64_t offset = 0; offset < 3; ++offset) {
          const std::int64_t first = offset + (stride < 0 ? n : 0);
          const StridedView view(elements.data() + first * size_bytes(type), type, {&n, 1},
                                 {&stride, 1});
          const Sketch expected = sketch_reference(view);
          for_every_target([&] {
            ASSERT_TRUE(same_sketch(sketch(view), expected, accuracy_of(type)))
                << view.to_string() << " from " << offset;
          });
        }
      }
    }
  }
}

TEST(StridedSketchTest, LengthsAroundTheBlocks) {
  for (const ElementType type : kAll) {
    const Elements elements(type, 20000, false);
    for (const std::int64_t stride : {1, 2}) {
      for (const std::int64_t block : {960, 1920, 3840, 4096, 7680}) {
        for (const std::int64_t n : {block - 1, block, block + 1, block + 17}) {
          const StridedView view(elements.data(), type, {&n, 1}, {&stride, 1});
          const Sketch expected = sketch_reference(view);
          for_every_target([&] {
            ASSERT_TRUE(same_sketch(sketch(view), expected, accuracy_of(type))) << view.to_string();
          });
        }
      }
    }
  }
}

// Every number of 16 bits at once, subnormals too; the counts by the definition of the formats.
TEST(StridedSketchTest, EveryNumberOfSixteenBits) {
  std::vector<std::uint16_t> bits(65536);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
  const std::int64_t n = 65536, stride = 1;
  const StridedView f16(bits.data(), ElementType::f16, {&n, 1}, {&stride, 1});
  const StridedView bf16(bits.data(), ElementType::bf16, {&n, 1}, {&stride, 1});
  for_every_target([&] {
    const Sketch half = sketch(f16), brain = sketch(bf16);
    EXPECT_EQ(half.nonfinite_count, 2u * 1024);
    EXPECT_EQ(half.zero_count, 2u);
    EXPECT_EQ(half.abs_max, 65504);
    EXPECT_NEAR(half.mean, 0, 1e-6 * half.rms());
    EXPECT_EQ(half.loss(NumberFormat::fp16), (FormatLoss{0, 2 * 1023, 0}));
    EXPECT_EQ(brain.nonfinite_count, 2u * 128);
    EXPECT_EQ(brain.zero_count, 2u);
    EXPECT_EQ(brain.histogram[0], 2u * 127);
    EXPECT_EQ(brain.loss(NumberFormat::bf16), (FormatLoss{0, 2 * 127, 0}));
    EXPECT_TRUE(same_sketch(half, sketch_reference(f16)));
  });
}

TEST(StridedSketchTest, AConstViewIsOne) {
  const std::vector<float> x{1.0f, -2.0f, 0.0f, 3.0f};
  const ConstView view{x.data(), DType::f32, Shape{2, 2}};
  EXPECT_TRUE(same_sketch(sketch(StridedView(view), 3), sketch(view, 3)));
}

TEST(StridedSketchTest, RepeatedValuesCountAsOften) {
  const std::vector<float> x{1.0f, 0.0f, -3.0f, std::nanf(""), 1e-30f};
  const std::vector<std::int64_t> sizes{1000, 5, 3000}, strides{0, 1, 0};
  const Sketch s = sketch({x.data(), ElementType::f32, sizes, strides});
  const std::uint64_t each = 3000000;
  EXPECT_EQ(s.count, 5 * each);
  EXPECT_EQ(s.zero_count, each);
  EXPECT_EQ(s.nonfinite_count, each);
  EXPECT_EQ(s.histogram[127], each);
  EXPECT_EQ(s.loss(NumberFormat::fp16).flushed, each);
  EXPECT_NEAR(s.mean, -0.5, 1e-6);
  EXPECT_NEAR(s.var(), 10.0 / 4 - 0.25, 1e-5);
}

TEST(StridedSketchTest, PiecesOfAnyTypeAndStrides) {
  for (const ElementType type : kAll) {
    const Elements elements(type, 30000, true);
    const StridedView whole(elements.data(), type, std::vector<std::int64_t>{100, 120},
                            std::vector<std::int64_t>{1, 200});
    const Sketch expected = sketch_reference(whole, 1.5);
    for_every_target([&] {
      PiecewiseSketch pieces;
      Sketch out;
      pieces.begin(out, type, 1.5);
      for (std::int64_t i = 0; i < 100; i += 30) {
        pieces.add(whole.narrow(0, i, std::min<std::int64_t>(30, 100 - i)));
      }
      pieces.finish();
      EXPECT_TRUE(same_sketch(out, expected, accuracy_of(type)));
    });
    PiecewiseSketch pieces;
    Sketch out;
    pieces.begin(out, type, 0);
    StridedView other = whole;
    other.type = type == ElementType::f16 ? ElementType::bf16 : ElementType::f16;
    EXPECT_THROW(pieces.add(other), std::logic_error);
  }
}

}  // namespace
}  // namespace plumb
