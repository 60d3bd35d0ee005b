// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/train/run_training.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

using Texts = std::vector<std::string>;

TrainConfig small() {
  TrainConfig config;
  config.network = "{depth} x [dense 8 > tanh] > dense 3";
  config.data = "spirals?n=300";
  config.steps = 20;
  return config;
}

std::vector<SweepAxis> two_axes() {
  return {parse_sweep_axis("depth=1,3"), parse_sweep_axis("lr=0.01,0.1")};
}

TEST(SweepTest, AxesAreListsAndRanges) {
  EXPECT_EQ(parse_sweep_axis("init=he_normal,orthogonal").values,
            (Texts{"he_normal", "orthogonal"}));
  EXPECT_EQ(parse_sweep_axis("depth=2:10:2").values, (Texts{"2", "4", "6", "8", "10"}));
  EXPECT_EQ(parse_sweep_axis("gain=0.8:1.2:0.1").values, (Texts{"0.8", "0.9", "1", "1.1", "1.2"}));
  EXPECT_EQ(parse_sweep_axis("lr=0.001:1:x10").values, (Texts{"0.001", "0.01", "0.1", "1"}));
  EXPECT_EQ(parse_sweep_axis("lr=1:0.1:x0.5,7").values, (Texts{"1", "0.5", "0.25", "0.125", "7"}));
  EXPECT_EQ(parse_sweep_axis("n=5:1:-2").values, (Texts{"5", "3", "1"}));
  for (const char* const wrong :
       {"depth", "=1", "depth=", "depth=1,,2", "n=1:5:-1", "n=1:5:0", "n=1:5:x1", "n=0:5:1e-9"}) {
    EXPECT_THROW(parse_sweep_axis(wrong), SpecError) << wrong;
  }
}

TEST(SweepTest, EveryCombinationIsTrainedAsItWouldBeAlone) {
  SweepOptions options;
  options.seeds = 2;
  const std::vector<SweepPoint> points = sweep(small(), two_axes(), options);
  ASSERT_EQ(points.size(), 8U);
  EXPECT_EQ(points[0].values, (Texts{"1", "0.01"}));
  EXPECT_EQ(points[2].values, (Texts{"1", "0.1"}));
  EXPECT_EQ(points[7].values, (Texts{"3", "0.1"}));
  EXPECT_EQ(points[7].training.seed, 1U);
  EXPECT_EQ(points[7].config.network, "3 x [dense 8 > tanh] > dense 3");
  for (const SweepPoint& point : points) {
    EXPECT_TRUE(point.training.finished && point.problem.empty());
    CureData data(point.config);
    const ArmTraining alone =
        train_arm(point.config, point.training.seed, data.given(), nullptr, {});
    EXPECT_EQ(point.training.score, alone.score);
    EXPECT_EQ(point.training.loss, alone.loss);
  }
}

TEST(SweepTest, IsTheSameForAnyNumberOfJobsAndStops) {
  const testing::TempDir dir;
  const std::string path = dir.file("log.jsonl");
  SweepOptions options;
  options.seeds = 3;
  const std::string whole = sweep_csv(two_axes(), sweep(small(), two_axes(), options));
  options.jobs = 3;
  EXPECT_EQ(sweep_csv(two_axes(), sweep(small(), two_axes(), options)), whole);
  for (const int steps : {30, 90}) {
    TrainingLog log(path);
    options.log = &log;
    std::atomic<int> left{steps};
    options.keep_going = [&] { return --left > 0; };
    EXPECT_NE(sweep_csv(two_axes(), sweep(small(), two_axes(), options)), whole);
  }
  options.keep_going = {};
  TrainingLog log(path);
  EXPECT_GT(log.size(), 0U);
  EXPECT_LT(log.size(), 12U);
  options.log = &log;
  EXPECT_EQ(sweep_csv(two_axes(), sweep(small(), two_axes(), options)), whole);
}

TEST(SweepTest, DataMayBeAnAxis) {
  TrainConfig config = small();
  config.network = "dense 8 > tanh > dense 3";
  config.data = "spirals?n={n}";
  const std::vector<SweepAxis> axes{parse_sweep_axis("n=200,400")};
  const std::vector<SweepPoint> points = sweep(config, axes);
  EXPECT_EQ(points[1].config.data, "spirals?n=400");
  EXPECT_NE(points[0].training.loss, points[1].training.loss);
}

TEST(SweepTest, WhatCannotBeIsSaidAndTheOthersGoOn) {
  const std::vector<SweepAxis> axes{parse_sweep_axis("out=7,8")};
  TrainConfig config = small();
  config.network = "dense 8 > res[tanh > dense {out}] > dense 3";
  const std::vector<SweepPoint> points = sweep(config, axes);
  EXPECT_NE(points[0].problem, "");
  EXPECT_EQ(points[1].problem, "");
  EXPECT_TRUE(points[1].training.finished);
  EXPECT_THROW(sweep(config, {parse_sweep_axis("breadth=1,2")}), SpecError);
  EXPECT_THROW(sweep(config, {parse_sweep_axis("lr=0.1")}), SpecError);  // {out} has no axis
  EXPECT_THROW(sweep(config, {parse_sweep_axis("out=3"), parse_sweep_axis("lr=fast")}), SpecError);
  EXPECT_THROW(sweep(config, {parse_sweep_axis("out=3"), parse_sweep_axis("out=4")}), SpecError);
}

TEST(SweepTest, Tables) {
  std::vector<SweepPoint> points(2);
  points[0].values = points[1].values = {"a,b"};
  points[0].training.seed = 1;
  points[0].training.finished = true;
  points[0].training.score = 0.25;
  points[0].training.loss = 1.5;
  points[0].training.log2_reach = -3;
  points[0].training.outcome = Outcome::sick;
  points[0].training.findings.resize(1);
  points[0].training.findings[0].rule = "vanishing_gradient";
  points[1].training.seed = 2;
  points[1].training.finished = true;
  points[1].training.score = 0.75;
  points[1].training.outcome = Outcome::healthy;
  points[1].training.loss = INFINITY;
  const std::vector<SweepAxis> axes{{"init", {"a,b"}}};
  EXPECT_EQ(sweep_csv(axes, points),
            "init,seed,score,loss,log2_reach,outcome,rules,problem\n"
            "\"a,b\",1,0.25,1.5,-3,sick,vanishing_gradient,\n"
            "\"a,b\",2,0.75,,,healthy,,\n");
  EXPECT_EQ(sweep_lines(axes, points),
            (Texts{"init  ", "a,b   score 0.5000 [0.2500, 0.7500]; reach at the start 2^-3.0"}));
}

}  // namespace
}  // namespace plumb
