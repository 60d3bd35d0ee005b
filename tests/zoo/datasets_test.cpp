// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/datasets.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plumb::zoo {
namespace {

void expect_scaled_columns(const Tensor& table) {
  const auto columns = static_cast<std::size_t>(table.shape().row_size());
  const auto values = table.as<float>();
  const double n = static_cast<double>(table.shape()[0]);
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = c; i < values.size(); i += columns) {
      sum += values[i];
      squares += values[i] * values[i];
    }
    EXPECT_NEAR(sum / n, 0, 1e-5);
    EXPECT_NEAR(squares / n, 1, 1e-4);
  }
}

TEST(DatasetsTest, TablesHaveScaledColumns) {
  expect_scaled_columns(make_clusters({300, 5, 3}, 1).x);
  expect_scaled_columns(make_curved({300, 5, 3}, 1).x);
  const Dataset values = make_values({300, 5, 2}, 1);
  expect_scaled_columns(values.x);
  expect_scaled_columns(values.y);
  EXPECT_EQ(values.y.shape(), (Shape{300, 2}));
}

TEST(DatasetsTest, SmallGlyphsKeepInk) {
  const Dataset data = make_small_glyphs(20, 0);
  EXPECT_EQ(data.x.shape(), (Shape{20, 14, 14}));
  double sum = 0;
  for (const float pixel : data.x.as<float>()) {
    EXPECT_GE(pixel, 0);
    EXPECT_LE(pixel, 1);
    sum += pixel;
  }
  EXPECT_GT(sum / 20, 5);  // an image of paper alone has about 8 of 196 by its noise
}

TEST(DatasetsTest, RecallShowsTheLabelFirst) {
  const Dataset data = make_recall({12, 6, 3}, 0);
  const auto x = data.x.as<float>();
  for (std::size_t i = 0; i < 12; ++i) {
    for (std::size_t s = 0; s < 3; ++s) {
      EXPECT_EQ(x[i * 18 + s], static_cast<std::int32_t>(s) == data.labels[i] ? 1 : 0);
    }
    EXPECT_NE(x[i * 18 + 3], 0);
  }
}

TEST(DatasetsTest, HoldOutKeepsTheClassesInProportion) {
  const Split split = hold_out(make_clusters({300, 4, 3}, 0));
  EXPECT_EQ(split.train.size(), 240);
  EXPECT_EQ(split.validation.size(), 60);
  int first = 0;
  for (const std::int32_t label : split.validation.labels) first += label == 0;
  EXPECT_EQ(first, 20);
}

}  // namespace
}  // namespace plumb::zoo
