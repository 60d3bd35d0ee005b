// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/constant_features.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run run_on(const std::vector<ColumnInfo>& columns) {
  plumb::Run run = test::flat_run(3, 16, "relu", 3);
  run.info.data_info = test::data_of(300, columns, {}, {});
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_constant_features, run);
}

TEST(ConstantFeaturesTest, ADeadColumnIsANoteThatNamesIt) {
  const auto run = run_on({{"a", 0, 1, -3, 3}, {"site", 1, 0, 1, 1}});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(words_of(run.info, findings, findings[0]).symptom,
            "Column 'site' is 1 for every sample.");
}

TEST(ConstantFeaturesTest, AWarningWhereTheyOutweighAllThatVaries) {
  for (const double value : {1.9, 2.1}) {
    const auto run = run_on({{"a", 0, 1, -3, 3}, {"site", value, 0, value, value}});
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].severity, value > 2 ? Severity::warning : Severity::note);
    const bool scales = test::first_remedy(findings[0]) == RemedyKind::scale_inputs;
    EXPECT_EQ(scales, value > 2);
  }
}

// Pixels of a white frame are many, and weigh no more than what is drawn inside.
TEST(ConstantFeaturesTest, HeavyOnesOfImagesAreFoundAndLightOnesNot) {
  std::vector<ColumnInfo> pixels(784, {"", 0.5, 0.3, 0, 1});
  for (std::size_t i = 0; i < 100; ++i) pixels[i] = {"", 1, 0, 1, 1};
  EXPECT_TRUE(found(run_on(pixels)).empty());
  for (std::size_t i = 0; i < 100; ++i) pixels[i] = {"", 3, 0, 3, 3};
  EXPECT_EQ(found(run_on(pixels)).size(), 1u);
}

TEST(ConstantFeaturesTest, EqualSamplesAreCritical) {
  const auto run = run_on({{"", 1, 0, 1, 1}, {"", 4, 0, 4, 4}});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
}

TEST(ConstantFeaturesTest, DarkCornersOfImagesAreNone) {
  std::vector<ColumnInfo> pixels(784, {"", 0.1, 0.3, 0, 1});
  pixels[0] = {"", 0, 0, 0, 0};
  EXPECT_TRUE(found(run_on(pixels)).empty());
  EXPECT_TRUE(found(run_on({{"a", 0, 1, -3, 3}})).empty());
}

}  // namespace
}  // namespace plumb
