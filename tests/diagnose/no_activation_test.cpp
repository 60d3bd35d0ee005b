// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/no_activation.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_no_activation, run);
}

TEST(NoActivationTest, NoActivationAtAllIsAWarning) {
  const auto run = test::flat_run(4, 16, "identity", 2);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(findings[0].evidence[0].fact.value, 3);
}

TEST(NoActivationTest, OnePairAmongOthersIsANote) {
  auto run = test::flat_run(4, 16, "relu", 2);
  run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "3"))].family = LayerFamily::shape;
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "4");
}

TEST(NoActivationTest, ALayerOfLowRankIsNotTwo) {
  auto run = test::flat_run(2, 64, "identity", 2);
  run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "0"))].units = 8;
  for (LayerInfo& layer : run.info.layers) {
    if (layer.family == LayerFamily::linear) layer.fan_in = layer.path == "0" ? 64 : 8;
  }
  EXPECT_TRUE(found(run).empty());
}

TEST(NoActivationTest, SilentWhereSomethingElseStandsBetween) {
  EXPECT_TRUE(found(test::flat_run(4, 16, "tanh", 2)).empty());
  EXPECT_TRUE(found(test::flat_run(1, 16, "tanh", 2)).empty());
  auto run = test::flat_run(4, 16, "relu", 2);
  for (LayerInfo& layer : run.info.layers) {
    if (layer.family == LayerFamily::activation) layer.family = LayerFamily::pooling;
  }
  EXPECT_TRUE(found(run).empty());
}

}  // namespace
}  // namespace plumb
