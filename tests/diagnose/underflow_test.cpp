// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/underflow.h"

#include <gtest/gtest.h>

#include <vector>

#include "plumb/diagnose/half_underflow.h"
#include "tests/diagnose/half_runs.h"
#include "tests/diagnose/rule_test.h"

namespace plumb {
namespace {

using test::gradient;
using test::Gradient;
using test::half_run;

TEST(UnderflowTest, ThePartThatWasLostIsCountedWithoutTheZerosOfARelu) {
  for (const double deviation : {0.4, 0.7, 1.6, 4.0, 30.0}) {
    for (const double zeros : {0.0, 0.5, 0.9}) {
      const Gradient made = gradient(deviation, zeros, true, 200000);
      EXPECT_NEAR(lost_to_half(made.sketch), made.lost, 0.03) << deviation << " " << zeros;
    }
  }
}

TEST(UnderflowTest, AWiderFormatGoesOnBelow) {
  for (const double deviation : {0.4, 1.6, 30.0}) {
    const Sketch of_float = gradient(deviation, 0.5, false).sketch;
    EXPECT_FALSE(is_at_half_floor(of_float));
    EXPECT_EQ(lost_to_half(of_float), 0);
    EXPECT_TRUE(is_at_half_floor(gradient(deviation, 0.5, true).sketch));
  }
  EXPECT_FALSE(is_at_half_floor(gradient(1e4, 0.5, true).sketch));  // none is that small
  EXPECT_EQ(lost_to_half(Sketch{}), 0);
}

TEST(UnderflowTest, AConstantIsNoRoundedGradient) {
  std::vector<float> values(1000, 0x1p-24F);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0;
  const std::int64_t sizes[] = {1000}, strides[] = {1};
  EXPECT_FALSE(
      is_at_half_floor(sketch(StridedView(values.data(), ElementType::f32, sizes, strides))));
}

// Of a smooth distribution as many lie below a bin as in it: that none does of twelve is no chance.
TEST(UnderflowTest, TwelveOfTheSmallestNumberTellTheFormat) {
  for (const std::size_t smallest : {11, 12, 13}) {
    std::vector<float> values(200, 0);
    for (std::size_t i = 0; i < smallest; ++i) values[i] = i % 2 == 0 ? 0x1p-24F : -0x1p-24F;
    const std::int64_t sizes[] = {200}, strides[] = {1};
    EXPECT_EQ(
        is_at_half_floor(sketch(StridedView(values.data(), ElementType::f32, sizes, strides))),
        smallest >= 12);
  }
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_underflow, run);
}

TEST(UnderflowTest, NamesTheFirstLayerOnTheWayBackAndTheWorst) {
  const plumb::Run run = half_run({0.1, 0.3, 1.0, 20.0, 400.0, 400.0}, 0.5, true);
  const std::vector<Finding> findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& one = findings[0];
  EXPECT_TRUE(test::is_complete(run.info, one));
  EXPECT_EQ(one.severity, Severity::critical);
  EXPECT_EQ(one.cause.kind, CauseKind::number_format);
  EXPECT_EQ(test::first_remedy(one), RemedyKind::scale_loss);
  EXPECT_EQ(test::value_of(one, Quantity::worst_underflow_fraction), 1);
  EXPECT_LT(test::value_of(one, Quantity::underflow_fraction), 0.5);
  EXPECT_EQ(test::value_of(one, Quantity::layers_affected), 6);
}

TEST(UnderflowTest, SaysNothingOfGradientsThatFitOrOfAnotherFormat) {
  EXPECT_TRUE(found(half_run({400.0, 400.0, 400.0}, 0.9, true)).empty());
  EXPECT_TRUE(found(half_run({0.1, 0.3, 1.0, 400.0}, 0.5, false)).empty());
}

TEST(UnderflowTest, OfAScaledLossTheScaledGradientCounts) {
  plumb::Run run = half_run({400.0, 400.0, 400.0}, 0.5, true);
  for (StepRecord& step : run.steps) {
    for (SketchRecord& one : step.sketches) one.sketch.log2_scale -= 16;
  }
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
