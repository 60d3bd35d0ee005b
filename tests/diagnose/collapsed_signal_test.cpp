// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/collapsed_signal.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain of relus whose samples have a similarity of `in` in the data and `out` in the last
/// hidden layer.
plumb::Run run_of(double in, double out, double directions = 2) {
  plumb::Run run = test::flat_run(31, 16, "relu", 4);
  const LayerId hidden = test::id_of(run.info, "59");
  for (std::size_t s = 0; s < 3; ++s) {
    run.steps[s].signals = {{0, 32, in, 12}, {hidden, 32, out, directions}};
  }
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_collapsed_signal, run);
}

TEST(CollapsedSignalTest, FiresWhereSamplesLookAlikeThatWereNot) {
  const auto run = run_of(0.02, 0.972);
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "59");
  EXPECT_EQ(findings[0].last_step, 2);
  EXPECT_FALSE(findings[0].over);
  EXPECT_EQ(found(run_of(0.02, 0.998))[0].severity, Severity::critical);
}

TEST(CollapsedSignalTest, SilentWhereTheDataAreAlikeOrTheSamplesStayApart) {
  EXPECT_TRUE(found(run_of(0.95, 0.98)).empty());
  EXPECT_TRUE(found(run_of(0.02, 0.96)).empty());
  EXPECT_TRUE(found(run_of(0.02, 0.99, 6)).empty()) << "biases that all samples share";
  EXPECT_TRUE(found(test::flat_run(31, 16, "relu", 4)).empty()) << "not recorded";
}

// Where several tensors come together, other samples may come in, and it is not judged; nor where
// the data come by two ways.
TEST(CollapsedSignalTest, JudgesAChainFromOneInputAlone) {
  auto join = run_of(0.02, 0.972);
  const LayerId layer = test::id_of(join.info, "8");
  join.info.layers[static_cast<std::size_t>(layer)].inputs.push_back({test::id_of(join.info, "3")});
  EXPECT_TRUE(found(join).empty());
  auto two = run_of(0.02, 0.972);
  two.info.layers.push_back(two.info.layers[0]);
  EXPECT_TRUE(found(two).empty());
}

TEST(CollapsedSignalTest, TellsHowAlikeIsTooAlike) {
  EXPECT_EQ(found(run_of(0.02, 0.972))[0].evidence[0].threshold, 0.97);
  EXPECT_EQ(found(run_of(0.02, 0.971)).size(), 1u);
  EXPECT_EQ(found(run_of(0.02, 0.969)).size(), 0u);
  // Four times as near as in the data, at least.
  EXPECT_EQ(found(run_of(0.919, 0.98)).size(), 1u);
  EXPECT_EQ(found(run_of(0.921, 0.98)).size(), 0u);
}

TEST(CollapsedSignalTest, NamesTheLayerThatLeavesOneDirection) {
  auto run = test::flat_run(5, 16, "tanh", 3);
  const auto id = [&](const char* path) { return test::id_of(run.info, path); };
  run.steps[0].signals = {{0, 32, 0, 12},        {id("0"), 32, 0, 9},   {id("1"), 32, 0, 9},
                          {id("2"), 32, 0, 1.0}, {id("3"), 32, 0, 1.1}, {id("4"), 32, 0, 1.0},
                          {id("5"), 32, 0, 1.1}, {id("6"), 32, 0, 1.0}};
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "2");
  EXPECT_EQ(findings[0].cause.kind, CauseKind::rank);
  // Of a narrow layer it is the width.
  run.info.layers[static_cast<std::size_t>(id("2"))].units = 1;
  EXPECT_TRUE(found(run).empty());
}

TEST(CollapsedSignalTest, IsOverWhereTrainingTookTheSamplesApart) {
  auto run = run_of(0.02, 0.98);
  run.steps[2].signals[1].similarity = 0.4;
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].over);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].last_step, 1);
}

TEST(CollapsedSignalTest, TakesEnoughSamplesToTell) {
  for (const std::int32_t samples : {3, 4}) {
    auto run = run_of(0.02, 0.972);
    for (std::size_t s = 0; s < 3; ++s) {
      for (SignalRecord& record : run.steps[s].signals) record.samples = samples;
    }
    EXPECT_EQ(found(run).size(), samples < 4 ? 0u : 1u);
  }
  for (const std::int32_t samples : {7, 8}) {
    auto run = test::flat_run(5, 16, "tanh", 3);
    run.steps[0].signals = {{test::id_of(run.info, "1"), samples, 0, 9},
                            {test::id_of(run.info, "2"), samples, 0, 1.0}};
    EXPECT_EQ(found(run).size(), samples < 8 ? 0u : 1u);
  }
}

// The first updates of a weight of rank one are of other directions.
TEST(CollapsedSignalTest, ARankThatTrainingMendsIsANote) {
  for (const bool kept : {false, true}) {
    auto run = test::flat_run(5, 16, "tanh", 3);
    const LayerId layer = test::id_of(run.info, "2"), before = test::id_of(run.info, "1");
    run.steps[0].signals = {{before, 32, 0, 9}, {layer, 32, 0, 1.0}};
    EXPECT_EQ(found(run)[0].severity, Severity::note) << "the start alone";
    run.steps[2].signals = {{before, 32, 0, 9}, {layer, 32, 0, kept ? 1.0 : 4.0}};
    EXPECT_EQ(found(run)[0].severity, kept ? Severity::warning : Severity::note);
  }
}

}  // namespace
}  // namespace plumb
