// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/way_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// Vectors of two numbers stand for gradients: what is not recorded of them follows by hand.
struct Vector {
  double x = 0, y = 0;
  double dot(const Vector& other) const { return x * other.x + y * other.y; }
  double log2_rms() const { return 0.5 * std::log2(dot(*this) / 2); }
};

/// A tensor t, which a product of t and f(t) reads twice, inside a sum that goes around it.
struct Net {
  Net() {
    t = add("t", LayerFamily::linear, {{add("input", LayerFamily::input, {})}});
    f = add("f", LayerFamily::linear, {{t}});
    product = add("product", LayerFamily::join, {{t}, {f, 0, Way::unnamed, true}});
    sum =
        add("sum", LayerFamily::residual, {{product, 0, Way::branch}, {t, 0, Way::shortcut, true}});
  }
  LayerId add(const char* path, LayerFamily family, std::vector<Edge> inputs) {
    LayerInfo layer = test::dense_info(path, 1, 2, 2);
    layer.family = family;
    layer.inputs = std::move(inputs);
    info.layers.push_back(layer);
    return static_cast<LayerId>(info.layers.size()) - 1;
  }
  struct From {
    LayerId reader;
    std::int32_t input;
    Vector gradient;
  };
  /// Records what came back to t by each reader; their sum is t's gradient.
  StepRecord step(const std::vector<From>& all) const {
    StepRecord step;
    Vector g;
    for (const From& one : all) g = {g.x + one.gradient.x, g.y + one.gradient.y};
    test::put_rms(info, step, "t", Role::grad_z, g.log2_rms());
    JoinRecord join{.layer = t, .ways = {}};
    for (const From& one : all) {
      join.ways.push_back(
          {one.reader, one.input, one.gradient.log2_rms(), one.gradient.dot(g) / g.dot(g)});
    }
    step.joins.push_back(std::move(join));
    return step;
  }
  std::optional<JoinWay> way(const StepRecord& step, Way name) const {
    const LayerGraph graph(info);
    return way_gradient(graph, StepIndex(info, step), sum, *graph.way(sum, name));
  }

  RunInfo info;
  LayerId t, f, product, sum;
};

constexpr Vector kByProduct{1, 0}, kByF{1, 1}, kByShortcut{0, 1}, kBeside{-1, 3};

TEST(WayGradientTest, AWayOfOneReaderIsWhatThatReaderSentBack) {
  const Net net;
  const auto way =
      net.way(net.step({{net.product, 0, kByProduct}, {net.f, 0, kByF}, {net.sum, 1, kByShortcut}}),
              Way::shortcut);
  ASSERT_TRUE(way);
  EXPECT_EQ(way->reader, net.sum);
  EXPECT_NEAR(way->log2_rms, kByShortcut.log2_rms(), 1e-12);
  EXPECT_NEAR(way->share, 2.0 / 8, 1e-12);  // of (2, 2)
}

// (1, 0) and (1, 1) make (2, 1), which no record holds.
TEST(WayGradientTest, AWayOfTwoReadersIsTheSumOfBoth) {
  const Net net;
  const auto way =
      net.way(net.step({{net.product, 0, kByProduct}, {net.f, 0, kByF}, {net.sum, 1, kByShortcut}}),
              Way::branch);
  ASSERT_TRUE(way);
  EXPECT_NEAR(way->log2_rms, Vector({2, 1}).log2_rms(), 1e-12);
  EXPECT_NEAR(way->share, 6.0 / 8, 1e-12);
}

TEST(WayGradientTest, WhereAllReadersAreOnTheWayItIsTheWholeGradient) {
  const Net net;
  const auto way = net.way(net.step({{net.product, 0, kByProduct}, {net.f, 0, kByF}}), Way::branch);
  ASSERT_TRUE(way);
  EXPECT_NEAR(way->log2_rms, Vector({2, 1}).log2_rms(), 1e-12);
  EXPECT_NEAR(way->share, 1, 1e-12);
}

TEST(WayGradientTest, OfTwoReadersOneMayBeSilent) {
  const Net net;
  const auto way = net.way(net.step({{net.f, 0, kByF}, {net.sum, 1, kByShortcut}}), Way::branch);
  ASSERT_TRUE(way);
  EXPECT_NEAR(way->log2_rms, kByF.log2_rms(), 1e-12);
  EXPECT_NEAR(way->share, 3.0 / 5, 1e-12);  // of (1, 2)
}

// How two others lie to each other is not known: the share is, the size is not.
TEST(WayGradientTest, BesideTwoOthersTheSizeIsNotKnown) {
  Net net;
  const LayerId head = net.add("head", LayerFamily::linear, {{net.t}});
  net.info.outputs = {head, net.sum};
  const auto way = net.way(net.step({{net.product, 0, kByProduct},
                                     {net.f, 0, kByF},
                                     {net.sum, 1, kByShortcut},
                                     {head, 0, kBeside}}),
                           Way::branch);
  ASSERT_TRUE(way);
  EXPECT_TRUE(std::isnan(way->log2_rms));
  EXPECT_NEAR(way->share, (2 * 1 + 1 * 5) / 26.0, 1e-12);  // (2, 1) in (1, 5)
}

TEST(WayGradientTest, IsAbsentWhereItWasNotRecorded) {
  const Net net;
  EXPECT_FALSE(net.way({}, Way::branch));
  EXPECT_FALSE(net.way({}, Way::shortcut));
  EXPECT_FALSE(net.way(net.step({{net.sum, 1, kByShortcut}}), Way::branch));
  EXPECT_FALSE(net.way(net.step({{net.f, 0, kByF}}), Way::shortcut));
  // What is left of many readers is one way without a reader, and may hold some of these.
  EXPECT_FALSE(net.way(net.step({{net.f, 0, kByF}, {kNoLayer, 0, kBeside}}), Way::branch));
}

TEST(WayGradientTest, TheRecordOfItsOwnWaysIsTakenFirst) {
  const Net net;
  StepRecord step =
      net.step({{net.product, 0, kByProduct}, {net.f, 0, kByF}, {net.sum, 1, kByShortcut}});
  step.joins.push_back({.layer = net.t,
                        .through = net.sum,
                        .ways = {{net.product, 0, -3, 0.75}, {net.sum, 1, -5, 0.25}},
                        .log2_rms = -2});
  EXPECT_EQ(net.way(step, Way::branch)->log2_rms, -3);
  EXPECT_EQ(net.way(step, Way::branch)->share, 0.75);
  EXPECT_EQ(net.way(step, Way::shortcut)->log2_rms, -5);
  const LayerGraph graph(net.info);
  EXPECT_EQ(log2_of_all_ways(graph, StepIndex(net.info, step), net.sum), -2);
}

// t times t: one layer, one tensor, two ways.
TEST(WayGradientTest, TheInputsOfOneReaderAreToldApart) {
  Net net;
  const LayerId square = net.add("square", LayerFamily::join, {{net.sum}, {net.sum}});
  StepRecord step;
  step.joins.push_back({.layer = net.sum, .ways = {{square, 0, -3, 0.25}, {square, 1, -1, 0.75}}});
  const LayerGraph graph(net.info);
  const StepIndex index(net.info, step);
  ASSERT_EQ(graph.ways(square).size(), 2u);
  EXPECT_EQ(way_gradient(graph, index, square, graph.ways(square)[0])->log2_rms, -3);
  EXPECT_EQ(way_gradient(graph, index, square, graph.ways(square)[1])->log2_rms, -1);
}

TEST(WayGradientTest, AllWaysTogetherAreTheGradientWhereNothingElseReads) {
  Net net;
  const StepRecord step =
      net.step({{net.product, 0, kByProduct}, {net.f, 0, kByF}, {net.sum, 1, kByShortcut}});
  {
    const LayerGraph graph(net.info);
    EXPECT_TRUE(is_all_that_reads(graph, net.sum, net.t));
    EXPECT_FALSE(is_all_that_reads(graph, net.product, net.t));
    EXPECT_NEAR(log2_of_all_ways(graph, StepIndex(net.info, step), net.sum),
                Vector({2, 2}).log2_rms(), 1e-12);
    EXPECT_TRUE(std::isnan(log2_of_all_ways(graph, StepIndex(net.info, step), net.product)));
  }
  const LayerId head = net.add("head", LayerFamily::linear, {{net.t}});
  net.info.outputs = {head, net.sum};
  const LayerGraph graph(net.info);
  EXPECT_FALSE(is_all_that_reads(graph, net.sum, net.t));
  EXPECT_TRUE(std::isnan(log2_of_all_ways(graph, StepIndex(net.info, step), net.sum)));
  EXPECT_TRUE(std::isnan(log2_of_all_ways(graph, StepIndex(net.info, step), 0))) << "an input";
}

}  // namespace
}  // namespace plumb
