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

TEST(TinyNormalisationTest, ABatchOfOneToThreeIsFound) {
  for (const int batch : {1, 2, 3}) {
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

/// All scales 1, and outputs with the given largest value.
plumb::Run run_that_gives(double largest, double zeros) {
  plumb::Run run = run_with(16, 64, false);
  const auto scale = static_cast<ParamId>(run.info.params.size() - 1);
  Sketch ones = test::sketch_with_rms(0, 16);
  ones.mean = 1;
  ones.m2 = 0;
  for (StepRecord& step : run.steps) {
    step.sketches.push_back({{scale, Role::weight}, ones});
    Sketch out = test::sketch_with_rms(0, 16 * 64);
    out.abs_max = largest;
    out.zero_count = static_cast<std::uint64_t>(zeros * 16 * 64);
    out.m2 *= 1 - zeros;
    test::put(run.info, step, "1", Role::a, out);
  }
  return run;
}

TEST(TinyNormalisationTest, GroupsOfTwoAreToldByTheirSigns) {
  for (const double zeros : {0.0, 0.5}) {
    const auto run = run_that_gives(1, zeros);
    const auto findings = found(run);
    ASSERT_EQ(findings.size(), 1u) << zeros;
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    EXPECT_EQ(test::value_of(findings[0], Quantity::values_normalised), 2);
  }
}

/// As with gn 16 over 16 units: what comes out is zero, of inputs that differ or not.
plumb::Run run_that_gives_nothing(double input_rms) {
  plumb::Run run = run_that_gives(0, 1);
  const LayerId norm = test::id_of(run.info, "1");
  const LayerId source = run.info.layer(norm).inputs[0].from;
  for (StepRecord& step : run.steps) {
    std::erase_if(step.sketches, [&](const SketchRecord& one) {
      return one.site == Site{source, Role::z};
    });
    Sketch in = test::sketch_with_rms(0, 16 * 64);
    in.m2 *= input_rms * input_rms;
    step.sketches.push_back({{source, Role::z}, in});
  }
  return run;
}

TEST(TinyNormalisationTest, GroupsOfOneLeaveNothingOfInputsThatDiffer) {
  const auto run = run_that_gives_nothing(1);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(test::value_of(findings[0], Quantity::values_normalised), 1);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_TRUE(found(run_that_gives_nothing(0)).empty()) << "nothing came in either";
}

TEST(TinyNormalisationTest, GroupsOfThreeHaveALargerOne) {
  EXPECT_TRUE(found(run_that_gives(1.3, 0)).empty());
}

}  // namespace
}  // namespace plumb
