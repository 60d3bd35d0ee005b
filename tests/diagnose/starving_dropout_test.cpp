// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/starving_dropout.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain whose first activation is a dropout of `units` units that leaves `kept` of a thousand.
plumb::Run run_with(std::int64_t units, int kept) {
  plumb::Run run = test::flat_run(3, units, "relu", 2);
  LayerInfo& drop = run.info.layers[static_cast<std::size_t>(test::id_of(run.info, "1"))];
  drop.family = LayerFamily::dropout;
  drop.traits.reset();
  for (StepRecord& step : run.steps) {
    Sketch before = test::sketch_with_rms(0, 2000);
    before.zero_count = 1000;  // of a relu
    Sketch after = before;
    after.zero_count = static_cast<std::uint64_t>(2000 - kept);
    test::put(run.info, step, "0", Role::z, before);
    test::put(run.info, step, "1", Role::a, after);
  }
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_starving_dropout, run);
}

TEST(StarvingDropoutTest, FiresOnARateThatLeavesNextToNothing) {
  const auto run = run_with(64, 50);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_NEAR(test::value_of(findings[0], Quantity::dropped_fraction), 0.95, 1e-9);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::lower_dropout);
}

TEST(StarvingDropoutTest, AUsualRateStarvesANarrowLayer) {
  EXPECT_EQ(found(run_with(4, 500)).size(), 1u);
  EXPECT_TRUE(found(run_with(64, 500)).empty());
}

}  // namespace
}  // namespace plumb
