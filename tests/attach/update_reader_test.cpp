// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/update_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plumb {
namespace {

class UpdateReaderTest : public testing::Test {
 protected:
  UpdateReaderTest() : recorder_(info_) {
    LayerInfo layer;
    layer.path = layer.kind = "fc";
    layer.family = LayerFamily::linear;
    info_.layers.push_back(layer);
    for (const char* path : {"fc.weight", "fc.bias"}) {
      ParamInfo param;
      param.path = path;
      param.users = {0};
      info_.params.push_back(param);
    }
    recorder_.begin(record_);
  }

  template <class T>
  static StridedView view(const std::vector<T>& values, ElementType type,
                          std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) {
    return StridedView(values.data(), type, sizes, strides);
  }
  const SketchRecord* update(ParamId param) {
    for (const SketchRecord& one : record_.sketches) {
      if (one.site.role == Role::update && one.site.id == param) return &one;
    }
    return nullptr;
  }

  RunInfo info_;
  StepRecord record_;
  Recorder recorder_;
  UpdateReader reader_;
};

TEST_F(UpdateReaderTest, WhatWasAddedOverSeveralPieces) {
  std::vector<float> value(10000);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<float>(i % 7);
  const auto weight = view(value, ElementType::f32, {100, 100}, {100, 1});
  reader_.keep(0, weight);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] += i % 2 == 0 ? 0.5f : -0.5f;
  reader_.tell(recorder_, 0, weight);
  recorder_.finish();
  const SketchRecord* const found = update(0);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->sketch.count, 10000u);
  EXPECT_NEAR(found->sketch.rms(), 0.5, 1e-12);
  EXPECT_NEAR(found->sketch.mean, 0, 1e-12);
}

TEST_F(UpdateReaderTest, ATransposedParameterAndOneInDouble) {
  std::vector<double> value{1, 2, 3, 4, 5, 6};
  const auto weight = view(value, ElementType::f64, {3, 2}, {1, 3});
  reader_.keep(1, weight);
  value[4] += 1e-12;
  reader_.tell(recorder_, 1, weight);
  recorder_.finish();
  ASSERT_NE(update(1), nullptr);
  EXPECT_NEAR(update(1)->sketch.abs_max, (5 + 1e-12) - 5, 0);
  EXPECT_EQ(update(1)->sketch.zero_count, 5u);
}

TEST_F(UpdateReaderTest, HalfPrecisionIsSubtractedInFloat) {
  std::vector<std::uint16_t> value{0x3f80, 0x4000};  // bf16: 1, 2
  const auto weight = view(value, ElementType::bf16, {2}, {1});
  reader_.keep(0, weight);
  value[0] = 0x3fc0;  // 1.5
  reader_.tell(recorder_, 0, weight);
  recorder_.finish();
  ASSERT_NE(update(0), nullptr);
  EXPECT_EQ(update(0)->sketch.abs_max, 0.5);
}

/// In the second step one value of the first parameter has other bits, and nothing of the second.
TEST_F(UpdateReaderTest, WhatHasTheBitsThatItHadIsTheSame) {
  std::vector<float> large(100000), small(300);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<float>(i % 19) - 7.5f;
  for (std::size_t i = 0; i < small.size(); ++i) small[i] = static_cast<float>(i % 5);
  const auto weight = view(large, ElementType::f32, {500, 200}, {200, 1});
  const auto bias = view(small, ElementType::f32, {300}, {1});
  const auto step = [&] {
    reader_.begin();
    reader_.tell_and_keep(recorder_, 0, weight);
    reader_.tell_and_keep(recorder_, 1, bias);
  };
  const auto finish = [&](float added) {
    large[77777] += added;
    reader_.tell(recorder_, 0, weight);
    reader_.tell(recorder_, 1, bias);
    recorder_.finish();
  };
  const auto expect = [&](const Site& site, const Sketch& expected) {
    for (const SketchRecord& one : record_.sketches) {
      if (one.site != site) continue;
      EXPECT_EQ(one.sketch.count, expected.count);
      EXPECT_EQ(one.sketch.zero_count, expected.zero_count);
      EXPECT_DOUBLE_EQ(one.sketch.mean, expected.mean);
      EXPECT_DOUBLE_EQ(one.sketch.m2, expected.m2);
      EXPECT_EQ(one.sketch.abs_max, expected.abs_max);
      EXPECT_EQ(one.sketch.log2_scale, expected.log2_scale);
      for (std::size_t k = 0; k < Histogram::kBins; ++k) {
        ASSERT_EQ(one.sketch.histogram[k], expected.histogram[k]) << k;
      }
      EXPECT_EQ(one.sketch.format_loss, expected.format_loss);
      return;
    }
    FAIL() << "nothing was recorded";
  };
  const std::vector<float> zeros(small.size());
  for (const float added : {0.0f, 0.25f, 0.0f}) {
    const Sketch value = sketch(weight), other = sketch(bias);
    std::vector<float> difference(large.size());
    difference[77777] = added;
    step();
    finish(added);
    expect(Site::param(0, Role::weight), value);
    expect(Site::param(1, Role::weight), other);
    expect(Site::param(0, Role::update), sketch(view(difference, ElementType::f32, {100000}, {1})));
    expect(Site::param(1, Role::update), sketch(view(zeros, ElementType::f32, {300}, {1})));
    ++record_.step;
    recorder_.begin(record_);
  }
}

TEST_F(UpdateReaderTest, NoNumberLessItselfIsNone) {
  std::vector<float> value{1, std::nanf(""), HUGE_VALF, 2};
  const auto weight = view(value, ElementType::f32, {4}, {1});
  reader_.begin();
  reader_.tell_and_keep(recorder_, 0, weight);
  reader_.tell(recorder_, 0, weight);
  recorder_.finish();
  ASSERT_NE(update(0), nullptr);
  EXPECT_EQ(update(0)->sketch.nonfinite_count, 2u);
  EXPECT_EQ(update(0)->sketch.zero_count, 2u);
}

TEST_F(UpdateReaderTest, WhatHasAnotherSizeOrWasNotKeptIsLeftOut) {
  const std::vector<float> value(8, 1.0f);
  reader_.keep(0, view(value, ElementType::f32, {8}, {1}));
  reader_.tell(recorder_, 0, view(value, ElementType::f32, {4}, {1}));
  reader_.tell(recorder_, 1, view(value, ElementType::f32, {8}, {1}));
  reader_.begin();
  reader_.tell(recorder_, 0, view(value, ElementType::f32, {8}, {1}));
  recorder_.finish();
  EXPECT_EQ(update(0), nullptr);
  EXPECT_EQ(update(1), nullptr);
}

}  // namespace
}  // namespace plumb
