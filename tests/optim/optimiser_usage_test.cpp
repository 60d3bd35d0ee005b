// SPDX-License-Identifier: Apache-2.0
// Calls that an Optimiser's contract rules out.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/optim/optimiser.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::message_of;

class OptimiserUsageTest : public ::testing::TestWithParam<const char*> {
 protected:
  Param weight_{"weight", {3, 2}, DType::f32, 2, 3};
  Param bias_{"bias", {3}, DType::f32, 2, 3};
  std::array<Param*, 2> params_{&weight_, &bias_};
  ThreadPool pool_{1};
  std::unique_ptr<Optimiser> optimiser_ = make_optimiser({.name = GetParam()});

  void begin(std::span<Param* const> params) { optimiser_->begin(params, 0.1, 1, 0); }
};

TEST_P(OptimiserUsageTest, AskForBegin) {
  EXPECT_EQ(message_of<UsageError>([&] { optimiser_->update(0, pool_, nullptr); }),
            "Optimiser::update before begin(): call begin(params) first");
  EXPECT_EQ(message_of<UsageError>([&] { optimiser_->finish(); }),
            "Optimiser::finish before begin(): call begin(params) first");
  optimiser_->step(params_, 0.1, 1, 0, pool_, nullptr);
  EXPECT_THROW(optimiser_->update(0, pool_, nullptr), UsageError);
  EXPECT_THROW(optimiser_->finish(), UsageError);
}

TEST_P(OptimiserUsageTest, AStepUpdatesEachParamOnce) {
  begin(params_);
  optimiser_->update(1, pool_, nullptr);
  EXPECT_EQ(message_of<UsageError>([&] { optimiser_->update(1, pool_, nullptr); }),
            "Optimiser::update of index 1 twice in a step: call finish() and begin() in between");
  EXPECT_EQ(message_of<UsageError>([&] { optimiser_->update(2, pool_, nullptr); }),
            "Optimiser::update of index 2, expected below 2");
  EXPECT_EQ(message_of<UsageError>([&] { optimiser_->finish(); }),
            "Optimiser::finish after 1 of 2 params: call update(index) for each of them first");
  optimiser_->update(0, pool_, nullptr);
  EXPECT_NO_THROW(optimiser_->finish());
}

TEST_P(OptimiserUsageTest, ItsStateBelongsToTheParamsOfTheFirstStep) {
  optimiser_->step(params_, 0.1, 1, 0, pool_, nullptr);
  const char* const expected =
      "Optimiser::begin with other params than at the first step: its state belongs to those, "
      "make_optimiser() a new one for these";
  Param large("weight", {300, 200}, DType::f32, 200, 300), same("weight", {3, 2}, DType::f32, 2, 3);
  for (Param* const other : {&large, &same}) {
    const std::array<Param*, 2> params{other, &bias_};
    EXPECT_EQ(message_of<UsageError>([&] { begin(params); }), expected);
  }
  EXPECT_EQ(message_of<UsageError>([&] { begin(std::span(params_).first(1)); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { begin({}); }), expected);
  EXPECT_NO_THROW(optimiser_->step(params_, 0.1, 1, 0, pool_, nullptr));
}

TEST_P(OptimiserUsageTest, TheListOfParamsMayGoAndAStepMayBeCutOff) {
  begin(std::vector<Param*>(params_.begin(), params_.end()));
  optimiser_->update(0, pool_, nullptr);
  begin(params_);
  optimiser_->update(0, pool_, nullptr);
  optimiser_->update(1, pool_, nullptr);
  EXPECT_NO_THROW(optimiser_->finish());
}

INSTANTIATE_TEST_SUITE_P(EveryKind, OptimiserUsageTest,
                         ::testing::Values("sgd", "rmsprop", "adam", "adamw"));

}  // namespace
}  // namespace plumb
