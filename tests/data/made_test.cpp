// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "plumb/data/canvas.h"
#include "plumb/data/glyphs.h"
#include "plumb/data/sequences.h"
#include "plumb/data/spirals.h"
#include "plumb/data/teacher.h"

namespace plumb {
namespace {

class MadeTest : public ::testing::TestWithParam<const char*> {};

TEST_P(MadeTest, TheSeedAloneFixesTheBits) {
  const std::string text = GetParam();
  const Dataset a = load_dataset(text, 1), b = load_dataset(text, 1), c = load_dataset(text, 2);
  EXPECT_TRUE(std::ranges::equal(a.x.as<float>(), b.x.as<float>()));
  EXPECT_EQ(a.labels, b.labels);
  ASSERT_EQ(static_cast<bool>(a.y), !a.is_classification());
  if (a.y) {
    EXPECT_TRUE(std::ranges::equal(a.y.as<float>(), b.y.as<float>()));
  }
  EXPECT_FALSE(std::ranges::equal(a.x.as<float>(), c.x.as<float>()));
}

TEST_P(MadeTest, MoreSamplesBeginWithTheSameOnes) {
  const std::string text = GetParam();
  const std::string longer =
      text.substr(0, text.find("n=40")) + "n=60" + text.substr(text.find("n=40") + 4);
  const Dataset a = load_dataset(text, 1), b = load_dataset(longer, 1);
  EXPECT_EQ(b.size(), 60);
  EXPECT_TRUE(
      std::ranges::equal(a.x.as<float>(), b.x.as<float>().subspan(0, a.x.as<float>().size())));
  EXPECT_TRUE(std::equal(a.labels.begin(), a.labels.end(), b.labels.begin()));
}

INSTANTIATE_TEST_SUITE_P(All, MadeTest,
                         ::testing::Values("glyphs?n=40", "spirals?n=40&classes=3", "teacher?n=40",
                                           "teacher?n=40&depth=5&classes=4", "adding?t=9&n=40",
                                           "copy?t=9&n=40"));

TEST(SequencesTest, AddingMarksOneNumberInEachHalfAndAsksForTheirSum) {
  const Dataset data = make_adding({.t = 7, .n = 4000}, 3);
  EXPECT_FALSE(data.is_classification());
  double mean = 0, var = 0;
  std::vector<int> marked(7, 0);
  for (std::size_t i = 0; i < 4000; ++i) {
    const auto x = data.x.as<float>().subspan(i * 14, 14);
    double sum = 0, marks_left = 0, marks_right = 0;
    for (std::size_t t = 0; t < 7; ++t) {
      EXPECT_TRUE(x[2 * t] >= 0 && x[2 * t] < 1);
      EXPECT_TRUE(x[2 * t + 1] == 0 || x[2 * t + 1] == 1);
      (t < 3 ? marks_left : marks_right) += static_cast<double>(x[2 * t + 1]);
      sum += static_cast<double>(x[2 * t]) * static_cast<double>(x[2 * t + 1]);
      marked[t] += static_cast<int>(x[2 * t + 1]);
    }
    EXPECT_EQ(marks_left, 1);
    EXPECT_EQ(marks_right, 1);
    EXPECT_NEAR(data.y.as<float>()[i], sum, 1e-6);
    mean += sum / 4000;
    var += (sum - 1) * (sum - 1) / 4000;
  }
  for (const int count : marked) EXPECT_GT(count, 700);
  EXPECT_NEAR(mean, 1, 0.02);
  EXPECT_NEAR(var, 1.0 / 6, 0.01);  // what guessing 1 costs
}

TEST(SequencesTest, CopyShowsTenSymbolsAndAsksForThemAfterTheSign) {
  const std::int64_t t = 5, steps = 25;
  const Dataset data = make_copy({.t = t, .n = 50}, 3);
  EXPECT_EQ(data.x.shape(), (Shape{50, steps, 10}));
  EXPECT_EQ(data.classes, 9);
  EXPECT_EQ(data.labels_per_sample, steps);
  std::vector<int> seen(8, 0);
  for (std::int64_t i = 0; i < 50; ++i) {
    std::vector<int> shown;
    for (std::int64_t s = 0; s < steps; ++s) {
      const auto x = data.x.as<float>().subspan(static_cast<std::size_t>((i * steps + s) * 10), 10);
      EXPECT_EQ(std::ranges::count(x, 1.0f), 1);
      EXPECT_EQ(std::ranges::count(x, 0.0f), 9);
      shown.push_back(static_cast<int>(std::ranges::find(x, 1.0f) - x.begin()));
    }
    const auto labels = std::span(data.labels).subspan(static_cast<std::size_t>(i * steps), steps);
    for (std::size_t s = 0; s < 25; ++s) {
      EXPECT_TRUE(s < 10 ? shown[s] < 8 : shown[s] == (s == 14 ? 9 : 8)) << "the sign is at 14";
      EXPECT_EQ(labels[s], s < 15 ? 8 : shown[s - 15]);
      if (s < 10) ++seen[static_cast<std::size_t>(shown[s])];
    }
  }
  for (const int count : seen) EXPECT_GT(count, 30);
  EXPECT_EQ(data.select({7}).labels.size(), 25u);
}

TEST(GlyphsTest, ClassesAreBalancedAndPixelsInRange) {
  const Dataset data = make_glyphs({.n = 200, .noise = 0.3}, 0);
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_EQ(data.labels[i], static_cast<std::int32_t>(i % 10));
  const auto x = data.x.as<float>();
  EXPECT_TRUE(std::ranges::all_of(x, [](float v) { return v >= 0 && v <= 1; }));
}

TEST(GlyphsTest, WithoutNoisePaperIsWhiteAndInkIsThere) {
  const Dataset data = make_glyphs({.n = 300, .noise = 0}, 0);
  for (std::size_t i = 0; i < 300; ++i) {
    const auto image = data.x.as<float>().subspan(i * 784, 784);
    const auto paper = std::ranges::count(image, 0.0f);
    EXPECT_GT(paper, 784 / 3) << i;
    EXPECT_LT(paper, 784 * 19 / 20) << i;
    EXPECT_GE(*std::ranges::max_element(image), 0.5f) << i;
  }
}

/// Fraction of test images whose nearest class mean (of the training images) is their own.
double nearest_mean_accuracy(const Dataset& train, const Dataset& test) {
  std::vector<double> means(10 * 784, 0.0);
  for (std::size_t i = 0; i < train.labels.size(); ++i) {
    const auto image = train.x.as<float>().subspan(i * 784, 784);
    for (std::size_t p = 0; p < 784; ++p) {
      means[static_cast<std::size_t>(train.labels[i]) * 784 + p] +=
          image[p] * 10.0 / static_cast<double>(train.size());
    }
  }
  int right = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    const auto image = test.x.as<float>().subspan(i * 784, 784);
    std::vector<double> distance(10, 0.0);
    for (std::size_t k = 0; k < 10; ++k) {
      for (std::size_t p = 0; p < 784; ++p)
        distance[k] += std::pow(image[p] - means[k * 784 + p], 2);
    }
    right += std::ranges::min_element(distance) - distance.begin() == test.labels[i];
  }
  return right / static_cast<double>(test.size());
}

TEST(GlyphsTest, ClassMeansTellSomeButNotMostApart) {
  const double accuracy =
      nearest_mean_accuracy(make_glyphs({.n = 2000}, 1), make_glyphs({.n = 500}, 2));
  EXPECT_GT(accuracy, 0.35);
  EXPECT_LT(accuracy, 0.75);
}

TEST(CanvasTest, CoverageOfABarIsItsArea) {
  Canvas canvas(1.25);
  // Runs past both edges, so no round end is on the canvas: 28 pixels long, 2.5 wide.
  canvas.draw({{-5, 10.3}, {40, 10.3}});
  double area = 0;
  for (std::size_t i = 0; i < 784; ++i) area += canvas.coverage(i);
  EXPECT_NEAR(area, 28 * 2.5, 1e-3);
  EXPECT_EQ(canvas.coverage(10 * 28), 1.0f);
  EXPECT_EQ(canvas.coverage(14 * 28), 0.0f);
  EXPECT_NEAR(canvas.coverage(9 * 28), 1.25 + 0.5 - 1.3, 1e-6);
}

TEST(CanvasTest, StrokesOffTheCanvasAndPointsAreHarmless) {
  Canvas canvas(1.0);
  canvas.draw({{-50, -50}, {-40, -50}});
  canvas.draw({{90, 3}, {90, 70}});
  for (std::size_t i = 0; i < 784; ++i) EXPECT_EQ(canvas.coverage(i), 0.0f);
  canvas.draw({{5, 5}, {5, 5}});
  EXPECT_EQ(canvas.coverage(5 * 28 + 5), 1.0f);
}

TEST(SpiralsTest, WithoutNoiseSamplesLieOnTheirArm) {
  const Dataset data = make_spirals({.n = 300, .classes = 3, .noise = 0}, 0);
  for (std::size_t i = 0; i < 300; ++i) {
    const double x = data.x.as<float>()[2 * i], y = data.x.as<float>()[2 * i + 1];
    const double r = std::hypot(x, y);
    const double angle = 2 * std::numbers::pi * (static_cast<double>(i % 3) / 3 + 1.5 * r);
    EXPECT_EQ(data.labels[i], static_cast<std::int32_t>(i % 3));
    EXPECT_GE(r, 0.1 - 1e-6);
    EXPECT_NEAR(x, r * std::cos(angle), 1e-5);
    EXPECT_NEAR(y, r * std::sin(angle), 1e-5);
  }
}

TEST(SpiralsTest, NoiseHasTheDeviationAskedFor) {
  const Dataset clean = make_spirals({.n = 5000, .noise = 0}, 3),
                noisy = make_spirals({.n = 5000, .noise = 0.5}, 3);
  double sum_sq = 0;
  for (std::size_t i = 0; i < 10000; ++i)
    sum_sq += std::pow(noisy.x.as<float>()[i] - clean.x.as<float>()[i], 2);
  // Five standard errors of a variance.
  EXPECT_NEAR(sum_sq / 10000, 0.25, 5 * 0.25 * std::sqrt(2.0 / 10000));
}

TEST(TeacherTest, DepthOneIsLinear) {
  // 3 inputs: the map is fixed by three samples (Cramer's rule) and must hold for all others.
  const Dataset data = make_teacher({.n = 50, .in = 3}, 4);
  const auto x = data.x.as<float>();
  const auto y = data.y.as<float>();
  const auto det = [](const double(&m)[3][3]) {
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  };
  double rows[3][3];
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) rows[i][j] = x[3 * i + j];
  }
  double weight[3];
  for (std::size_t j = 0; j < 3; ++j) {
    double replaced[3][3];
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t k = 0; k < 3; ++k) replaced[i][k] = k == j ? y[i] : rows[i][k];
    }
    weight[j] = det(replaced) / det(rows);
  }
  for (std::size_t i = 3; i < 50; ++i) {
    EXPECT_NEAR(y[i], weight[0] * x[3 * i] + weight[1] * x[3 * i + 1] + weight[2] * x[3 * i + 2],
                1e-4);
  }
}

TEST(TeacherTest, OutputsOfALinearTeacherHaveVarianceOne) {
  const Dataset data = make_teacher({.n = 400, .in = 64, .out = 64}, 0);
  double sum_sq = 0;
  for (const float v : data.y.as<float>()) sum_sq += v * v;
  EXPECT_NEAR(sum_sq / (400 * 64), 1.0, 0.1);
}

TEST(TeacherTest, ADeepTeacherIsNotLinearButStaysAlive) {
  const Dataset data = make_teacher({.n = 400, .in = 32, .depth = 30}, 0);
  double sum_sq = 0;
  for (const float v : data.y.as<float>()) sum_sq += v * v / 400;
  EXPECT_GT(sum_sq, 0.05);
  EXPECT_LT(sum_sq, 1.0);
}

TEST(TeacherTest, EveryClassIsThere) {
  const Dataset data = make_teacher({.n = 1000, .classes = 5}, 0);
  EXPECT_EQ(data.classes, 5);
  EXPECT_FALSE(data.y);
  for (std::int32_t k = 0; k < 5; ++k) EXPECT_GT(std::ranges::count(data.labels, k), 50) << k;
}

}  // namespace
}  // namespace plumb
