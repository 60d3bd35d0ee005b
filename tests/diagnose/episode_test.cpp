// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/episode.h"

#include <gtest/gtest.h>

#include <limits>

namespace plumb {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(EpisodeTest, OneNoisyStepIsNone) {
  EXPECT_FALSE(find_episode({0, 0, 3, 0, 0}, true, 2));
  EXPECT_FALSE(find_episode({}, true, 2));
  EXPECT_FALSE(find_episode({kNan, kNan}, true, 1));
}

TEST(EpisodeTest, TwoInARowAreOneAndReachBackToTheFirst) {
  const auto episode = find_episode({0, 1.5, 2, 0, 1}, false, 2);
  ASSERT_TRUE(episode);
  EXPECT_EQ(episode->first, 1u);
  EXPECT_EQ(episode->last, 4u);
  EXPECT_EQ(episode->worst, 2u);
  EXPECT_FALSE(episode->over);
}

TEST(EpisodeTest, TheFirstStepThatCanTellCountsAloneAndIsRemembered) {
  const auto episode = find_episode({kNan, 2, 0, 0}, true, 2);
  ASSERT_TRUE(episode);
  EXPECT_EQ(episode->first, 1u);
  EXPECT_TRUE(episode->over);
  EXPECT_FALSE(find_episode({kNan, 2, 0, 0}, false, 2));
}

TEST(EpisodeTest, TheOnlyStepCounts) { EXPECT_TRUE(find_episode({kNan, 1}, false, 3)); }

TEST(EpisodeTest, StepsThatCannotTellDoNotInterrupt) {
  EXPECT_TRUE(find_episode({0, 2, kNan, 2, 0}, false, 2));
}

}  // namespace
}  // namespace plumb
