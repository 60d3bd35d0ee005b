// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/reproduction.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace plumb {
namespace {

constexpr double kConstant = 0.2;

/// Healthy, with this score, and one finding.
ArmTraining training(std::uint64_t seed, double score, Severity severity) {
  ArmTraining one;
  one.seed = seed;
  one.score = score;
  one.outcome = Outcome::healthy;
  one.findings.resize(1);
  one.findings[0].severity = severity;
  return one;
}

TEST(ReproductionTest, AMereNoteMakesNoTrainingSick) {
  EXPECT_FALSE(fails(training(0, 0.4, Severity::note), kConstant));
  EXPECT_TRUE(fails(training(0, 0.4, Severity::warning), kConstant));
  EXPECT_FALSE(fails(training(0, 0.9, Severity::warning), kConstant));
  EXPECT_TRUE(fails(training(0, 0.2, Severity::note), kConstant));  // the constant answer
}

TEST(ReproductionTest, TheScreenBeginsWithTheFirstSeedThatFailed) {
  Arm arm;
  for (const auto& [seed, score] : {std::pair{7U, 0.9}, {8U, 0.2}, {9U, 0.2}}) {
    arm.trainings.push_back(training(seed, score, Severity::note));
  }
  EXPECT_EQ(failures_of(arm, kConstant), 2);
  EXPECT_EQ(first_failure_of(arm, kConstant), 1U);
  EXPECT_EQ(screen_seeds_of(arm, kConstant), (std::vector<std::uint64_t>{8, 7, 9}));
  EXPECT_TRUE(screen_seeds_of({}, kConstant).empty());
}

}  // namespace
}  // namespace plumb
