// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/thinning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;
using store::steps_to_drop;
using store::Weighed;

std::vector<Weighed> steps_of_one_byte(std::int64_t count) {
  std::vector<Weighed> steps;
  for (std::int64_t i = 0; i < count; ++i) steps.push_back({i, 1});
  return steps;
}

std::vector<std::int64_t> kept(const std::vector<Weighed>& steps,
                               const std::vector<std::int64_t>& dropped) {
  std::vector<std::int64_t> rest;
  for (const Weighed& one : steps) {
    if (std::find(dropped.begin(), dropped.end(), one.step) == dropped.end()) {
      rest.push_back(one.step);
    }
  }
  return rest;
}

// Of 0, 1, ..., 4096 the powers of two are those that a logarithmic scale keeps.
TEST(ThinningTest, WhatStaysIsGeometric) {
  const auto steps = steps_of_one_byte(4097);
  const auto rest = kept(steps, steps_to_drop(steps, {}, 4097 - 20));
  ASSERT_EQ(rest.size(), 20U);
  EXPECT_EQ(rest.front(), 0);
  EXPECT_EQ(rest.back(), 4096);
  for (std::size_t i = 5; i + 1 < rest.size(); ++i) {
    const double ratio = static_cast<double>(rest[i + 1]) / static_cast<double>(rest[i]);
    EXPECT_GT(ratio, 1.2) << "after step " << rest[i];
    EXPECT_LT(ratio, 2.6) << "after step " << rest[i];
  }
}

TEST(ThinningTest, WantedStepsGoLast) {
  const auto steps = steps_of_one_byte(1000);
  const std::set<std::int64_t> wanted{501, 502, 503};
  EXPECT_EQ(kept(steps, steps_to_drop(steps, wanted, 995)),
            (std::vector<std::int64_t>{0, 501, 502, 503, 999}));
  EXPECT_EQ(kept(steps, steps_to_drop(steps, wanted, 1'000'000)),
            (std::vector<std::int64_t>{0, 999}));
}

RC_GTEST_PROP(ThinningTest, DropsNoMoreThanItMust, ()) {
  std::vector<Weighed> steps;
  std::int64_t step = *rc::gen::arbitrary<std::int64_t>() / 2;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    steps.push_back({step, *rc::gen::inRange(0, 100)});
    step += *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
  }
  const std::int64_t bytes = *rc::gen::inRange(0, 3000);
  const auto dropped = steps_to_drop(steps, {}, bytes);
  std::int64_t freed = 0, last = 0;
  for (const std::int64_t one : dropped) {
    RC_ASSERT(one != steps.front().step && one != steps.back().step);
    const auto it = std::find_if(steps.begin(), steps.end(),
                                 [&](const Weighed& all) { return all.step == one; });
    freed += last = it->bytes;
  }
  RC_ASSERT(dropped.empty() || freed - last < bytes);
  if (dropped.size() + 2 < steps.size()) RC_ASSERT(freed >= bytes);
}

std::vector<std::int64_t> measured(const plumb::Run& run) {
  std::vector<std::int64_t> steps;
  for (const StepRecord* step : run.measured()) steps.push_back(step->step);
  return steps;
}

TEST(ThinningTest, ALongRunStaysBelowItsBoundAndKeepsItsMetrics) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  constexpr std::int64_t kBound = 600'000;
  const plumb::Run run = plain_run(3000, 70);  // some 5 MB
  RunWriter writer(path, {.max_file_bytes = kBound});
  writer.begin(run.info);
  writer.keep(1234);
  Finding finding;
  finding.first_step = 1700;
  finding.last_step = 1701;
  save_findings(path, {&finding, 1});
  std::uintmax_t largest = 0;
  for (const StepRecord& step : run.steps) {
    writer.add(step);
    if (step.step % 100 == 0) largest = std::max(largest, fs::file_size(path));
  }
  writer.end({"finished", 3000, 1});
  writer.close();
  EXPECT_LE(std::max(largest, fs::file_size(path)), static_cast<std::uintmax_t>(kBound));
  const plumb::Run read = load_run(path);
  ASSERT_TRUE(read.end);
  ASSERT_EQ(read.steps.size(), run.steps.size());
  const auto kept_steps = measured(read);
  EXPECT_GT(kept_steps.size(), 20U);
  EXPECT_EQ(kept_steps.front(), 0);
  EXPECT_EQ(kept_steps.back(), 2999);
  for (const std::int64_t step : {1234, 1700, 1701}) {
    EXPECT_THAT(kept_steps, testing::Contains(step));
  }
  EXPECT_THAT(kept_steps, testing::Contains(testing::AllOf(testing::Ge(10), testing::Le(40))))
      << "the beginning is still told";
  for (std::size_t i = 0; i < read.steps.size(); ++i) {
    EXPECT_EQ(read.steps[i].loss, run.steps[i].loss);
    if (read.steps[i].measured) {
      EXPECT_EQ(describe(read.steps[i]), describe(run.steps[i]));
    } else {
      EXPECT_TRUE(read.steps[i].sketches.empty() && read.steps[i].activations.empty());
    }
  }
  EXPECT_EQ(RunReader(path).measured_steps(), kept_steps);
}

// A mixture of experts measures other layers at each step.
TEST(ThinningTest, ARunWhoseSitesNeverRepeatStaysBelowItsBoundToo) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  constexpr std::int64_t kBound = 900'000;
  plumb::Run run = plain_run(1500, 210);
  std::mt19937 random(1);
  RunWriter writer(path, {.max_file_bytes = kBound});
  writer.begin(run.info);
  for (StepRecord& step : run.steps) {
    std::shuffle(step.sketches.begin(), step.sketches.end(), random);
    writer.add(step);
  }
  writer.end({"finished", 1500, 1});
  writer.close();
  EXPECT_LE(fs::file_size(path), static_cast<std::uintmax_t>(kBound));
  const plumb::Run read = load_run(path);
  EXPECT_GT(read.measured().size(), 20U);
  for (const StepRecord* step : read.measured()) {
    EXPECT_EQ(describe(*step), describe(run.steps[static_cast<std::size_t>(step->step)]));
  }
}

TEST(ThinningTest, MetricsAreThinnedWhereTheyAlonePassTheBound) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  constexpr std::int64_t kBound = 300'000;
  RunWriter writer(path, {.max_file_bytes = kBound});
  writer.begin({});
  StepRecord step;
  step.loss = 1.0 / 3;
  constexpr std::int64_t kSteps = 40'000;  // some 2 MB
  for (step.step = 0; step.step < kSteps; ++step.step) {
    step.time_s = 0.1 * static_cast<double>(step.step);
    writer.add(step);
  }
  writer.end({"finished", kSteps, 1});
  writer.close();
  EXPECT_LE(fs::file_size(path), static_cast<std::uintmax_t>(kBound));
  const auto steps = load_run(path).steps;
  EXPECT_GT(steps.size(), 500U);
  EXPECT_EQ(steps.front().step, 0);
  EXPECT_EQ(steps.back().step, kSteps - 1);
}

TEST(ThinningTest, AStepThatCannotFitKeepsItsMetrics) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(3, 70'000);  // above 2 MB a step
  RunWriter writer(path, {.max_file_bytes = 4'000'000});
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.close();
  const plumb::Run read = load_run(path);
  EXPECT_EQ(read.steps.size(), 3U);
  EXPECT_LE(fs::file_size(path), 4'000'000U);
}

}  // namespace
}  // namespace plumb
