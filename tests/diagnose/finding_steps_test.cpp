// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/finding_steps.h"

#include <gtest/gtest.h>

#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A healthy run measured at steps 0, 10, 20, ...
plumb::Run every_tenth(int count) {
  plumb::Run run = test::flat_run(3, 8, "tanh", count);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    run.steps[i].step = static_cast<std::int64_t>(10 * i);
  }
  return run;
}

TEST(FindingStepsTest, AllStepsAreTheFirstAndTheLastMeasured) {
  const plumb::Run run = every_tenth(5);
  Finding finding;
  set_all_steps(RunView(run), finding);
  EXPECT_EQ(finding.first_step, 0);
  EXPECT_EQ(finding.last_step, 40);
  EXPECT_FALSE(finding.over);
}

TEST(FindingStepsTest, AnEpisodeIsOfMeasuredStepsNotOfIndices) {
  const plumb::Run run = every_tenth(5);
  Finding finding;
  set_steps(RunView(run), {.first = 1, .last = 3, .worst = 2, .over = true}, finding);
  EXPECT_EQ(finding.first_step, 10);
  EXPECT_EQ(finding.last_step, 30);
  EXPECT_TRUE(finding.over);
}

TEST(FindingStepsTest, SeveralLayersBeginWithTheFirstAndAreOverWithTheLast) {
  struct Hit {
    Episode episode;
  };
  const std::vector<Hit> hits = {{{4, 6, 5, true}}, {{2, 3, 2, true}}, {{3, 9, 3, true}}};
  const Episode joined = joined_episode(hits);
  EXPECT_EQ(joined.first, 2u);
  EXPECT_EQ(joined.last, 9u);
  EXPECT_TRUE(joined.over);
  std::vector<Hit> lasting = hits;
  lasting[1].episode.over = false;
  EXPECT_FALSE(joined_episode(lasting).over);
}

}  // namespace
}  // namespace plumb
