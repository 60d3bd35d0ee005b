// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_range.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain that ends in `kind` before `loss`.
plumb::Run run_with(const std::string& kind, const std::string& loss, std::int64_t units = 10) {
  plumb::Run run = test::flat_run(3, units, "relu", 2);
  run.info.loss = loss;
  LayerInfo last = test::activation_info("5", kind, 3, units);
  last.inputs = {{test::id_of(run.info, "4")}};
  run.info.layers.push_back(last);
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_output_range, run);
}

TEST(OutputRangeTest, ATargetOutsideTheRangeIsFound) {
  auto run = run_with("tanh", "mse", 1);
  run.info.data_info = test::data_of(100, {}, {{"y", 0, 2, -6, 6}}, {});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].cause.kind, CauseKind::output_activation);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  run.info.data_info->targets[0] = {"y", 5, 1, 3, 8};
  EXPECT_EQ(found(run)[0].severity, Severity::critical);
}

TEST(OutputRangeTest, SilentWhereTheTargetsAreWithin) {
  auto run = run_with("sigmoid", "mse", 1);
  run.info.data_info = test::data_of(100, {}, {{"y", 0.5, 0.5, 0, 1}});
  EXPECT_TRUE(found(run).empty());
  run.info.data_info->targets[0] = {"y", 0.5, 0.3, -0.05, 1.02};
  EXPECT_TRUE(found(run).empty()) << "by next to nothing";
  auto logits = run_with("sigmoid", "cross_entropy", 1);
  logits.info.data_info = test::data_of(100, {}, {{"y", 5, 1, 3, 8}});
  EXPECT_TRUE(found(logits).empty());
}

}  // namespace
}  // namespace plumb
