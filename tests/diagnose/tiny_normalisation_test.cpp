// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/tiny_normalisation.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain whose first activation is a normalisation of `units` units over `batch` samples.
plumb::Run run_with(std::int64_t units, std::int64_t batch, bool running) {
  plumb::Run run = test::flat_run(3, units, "relu", 2);
  const LayerId layer = test::id_of(run.info, "1");
  LayerInfo& norm = run.info.layers[static_cast<std::size_t>(layer)];
  norm.family = LayerFamily::normalisation;
  norm.traits.reset();
  if (running) norm.running_momentum = 0.1;
  run.info.batch = batch;
  run.info.params.push_back({.path = "1.weight",
                             .name = "weight",
                             .use = ParamUse::scale,
                             .users = {layer},
                             .count = units});
  for (StepRecord& step : run.steps) {
    test::put(run.info, step, "1", Role::a,
              test::sketch_with_rms(0, static_cast<std::uint64_t>(units * batch)));
  }
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_tiny_normalisation, run);
}

TEST(TinyNormalisationTest, ABatchOfOneOrTwoIsFound) {
  for (const int batch : {1, 2}) {
    const auto run = run_with(16, batch, true);
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), 1u) << batch;
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(findings[0].severity, batch == 1 ? Severity::critical : Severity::warning);
    EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::larger_batch);
    EXPECT_EQ(test::path_at(run.info, findings[0].place), "1");
  }
  EXPECT_TRUE(found(run_with(16, 8, true)).empty());
}

TEST(TinyNormalisationTest, FeaturesOfASampleAreCountedWhereNoStatisticsRun) {
  const auto run = run_with(2, 64, false);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].cause.kind, CauseKind::normalisation);
  EXPECT_TRUE(found(run_with(16, 2, false)).empty());
}

}  // namespace
}  // namespace plumb
