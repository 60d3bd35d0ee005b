// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "plumb/core/error.h"

namespace plumb {
namespace {

TrainConfig chain() {
  TrainConfig config;
  config.network = "{depth} x [dense 20 > tanh] > dense 10";
  config.data = "glyphs?n=100";
  config.init = "lecun_normal";
  config.bias_init = "normal:0.05";
  return config;
}

/// The grid as it would have been trained; a score for each place.
std::vector<SweepPoint> points_of(const TrainConfig& base, const std::vector<SweepAxis>& axes) {
  std::vector<SweepPoint> points;
  for (const std::string& gain : axes[0].values) {
    for (const std::string& depth : axes[1].values) {
      SweepPoint point;
      point.values = {gain, depth};
      point.config = base;
      point.config.network = depth + base.network.substr(base.network.find('}') + 1);
      point.config.gain = std::atof(gain.c_str());
      point.training.finished = true;
      point.training.score = 0.01 * static_cast<double>(points.size());
      points.push_back(point);
    }
  }
  return points;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

// tanh at gain 1.5 and bias variance 0.0025 is chaotic, at 0.8 ordered: there xi_c is that of the
// gradient, and six of it still train.
TEST(SweepMapTest, TheoryIsThatOfTheNetworksStart) {
  TrainConfig config = chain();
  config.network = "8 x [dense 20 > tanh] > dense 10";
  config.gain = 0.8;
  const auto ordered = mean_field_of(config);
  ASSERT_TRUE(ordered);
  EXPECT_EQ(ordered->phase, theory::Phase::ordered);
  EXPECT_NEAR(ordered->trainable_depth, 6 * ordered->xi_grad, 1e-6 * ordered->trainable_depth);
  config.init = "orthogonal";  // the same variance
  EXPECT_NEAR(mean_field_of(config)->xi_c, ordered->xi_c, 1e-9);
  config.gain = 1.5;
  EXPECT_EQ(mean_field_of(config)->phase, theory::Phase::chaotic);
  config.init = "identity";
  EXPECT_FALSE(mean_field_of(config));
  config.init = "lecun_normal";
  config.network = "dense 20 > dense 10";
  EXPECT_FALSE(mean_field_of(config));
}

TEST(SweepMapTest, HasACellForEachPairAndALineOfTheDepthThatTrains) {
  const TrainConfig base = chain();
  const std::vector<SweepAxis> axes{{"gain", {"0.7", "0.8", "0.9", "1.4"}},
                                    {"depth", {"2", "4", "8", "16", "32"}}};
  std::vector<SweepPoint> points = points_of(base, axes);
  std::string page = sweep_map(base, axes, points);
  EXPECT_EQ(count(page, "class=\"cell\""), 20U);
  EXPECT_EQ(count(page, "class=\"theory\""), 1U);
  EXPECT_NE(page.find("gain = 0.7, depth = 4: score 0.01"), std::string::npos);
  EXPECT_NE(page.find("6 xi"), std::string::npos);
  points[3].problem = "no such network";
  points[4].training.finished = false;
  page = sweep_map(base, axes, points);
  EXPECT_EQ(count(page, "class=\"cell\""), 18U);
}

// Turned round it is the same map, and without a depth among the axes there is no line.
TEST(SweepMapTest, DrawsNoLineWhereThereIsNoDepth) {
  TrainConfig base = chain();
  const std::vector<SweepAxis> axes{{"gain", {"0.7", "0.8"}}, {"depth", {"2", "4"}}};
  const std::vector<SweepPoint> points = points_of(base, axes);
  const std::vector<SweepAxis> turned{axes[1], axes[0]};
  std::vector<SweepPoint> turned_points = points;
  for (SweepPoint& point : turned_points) std::swap(point.values[0], point.values[1]);
  EXPECT_EQ(count(sweep_map(base, turned, turned_points), "class=\"theory\""), 1U);
  base.network = "4 x [dense {depth} > tanh] > dense 10";
  EXPECT_EQ(count(sweep_map(base, axes, points), "class=\"theory\""), 0U);
  EXPECT_THROW(sweep_map(base, {axes[0]}, points), SpecError);
}

}  // namespace
}  // namespace plumb
