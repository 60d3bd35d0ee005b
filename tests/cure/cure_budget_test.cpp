// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_budget.h"

#include <gtest/gtest.h>

#include <string>

#include "plumb/core/error.h"

namespace plumb {
namespace {

TEST(CureBudgetTest, TheLeastIsReproductionOneCandidateAndFourArms) {
  CureOptions options;
  EXPECT_EQ(smallest_budget(options), 3 + 3 + 4 * 8);
  options.budget = 38;
  EXPECT_NO_THROW(check_budget(options));
  options.budget = 37;
  EXPECT_THROW(check_budget(options), SpecError);
}

TEST(CureBudgetTest, TimeBecomesTrainingsAndFewerSeedsWhereItIsShort) {
  CureOptions options;
  options.budget_s = 600;
  SettledBudget settled = settle_budget(options, {100, 5, 3, 3});  // 500 s of 5 s each
  EXPECT_EQ(settled.trainings, 103);
  EXPECT_EQ(settled.proof_seeds, 8);
  settled = settle_budget(options, {100, 20, 3, 3});  // 25: 3 and 4 x 5
  EXPECT_EQ(settled.trainings, 28);
  EXPECT_EQ(settled.proof_seeds, 5);
  try {
    settle_budget(options, {100, 40, 3, 3});  // 12: not 3 and 4 x 3
    FAIL();
  } catch (const SpecError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("12 trainings of 40 s"), std::string::npos) << what;
    EXPECT_NE(what.find("at least 15"), std::string::npos) << what;
  }
}

TEST(CureBudgetTest, TheSearchGrowsWithTheCostOfATraining) {
  CureOptions options;
  RunInfo info;
  info.batch = 1000;
  LayerInfo layer;
  layer.units = 1000;
  layer.fan_in = 1000;  // 6e9 operations: 0.6 s a step
  info.layers = {layer};
  EXPECT_EQ(search_budget_s(options, info, 1), options.search.budget_s);
  EXPECT_NEAR(search_budget_s(options, info, 100), 7.5 * 60, 0.1);
  options.budget_s = 20;
  EXPECT_EQ(search_budget_s(options, info, 100), 4);
  options.search.budget_s = 0;
  EXPECT_EQ(search_budget_s(options, info, 100), 0);
}

}  // namespace
}  // namespace plumb
