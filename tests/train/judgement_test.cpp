// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/judgement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/core/error.h"

namespace plumb {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor tensor(const Shape& shape, std::initializer_list<double> values, DType dtype = DType::f64) {
  Tensor made(shape, dtype);
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::size_t i = 0;
    for (const double value : values) made.as<T>()[i++] = static_cast<T>(value);
  });
  return made;
}

TEST(JudgementTest, ProbabilitiesAreSoftmaxOrLogistic) {
  Tensor outputs = tensor({2, 2}, {0, std::log(3.0), 1000, 0});
  to_probabilities("cross_entropy", outputs);
  EXPECT_DOUBLE_EQ(outputs.as<double>()[0], 0.25);
  EXPECT_DOUBLE_EQ(outputs.as<double>()[1], 0.75);
  EXPECT_DOUBLE_EQ(outputs.as<double>()[2], 1);
  Tensor one = tensor({1, 1}, {std::log(4.0)});
  to_probabilities("binary_cross_entropy", one);
  EXPECT_DOUBLE_EQ(one.as<double>()[0], 0.8);
  Tensor value = tensor({1, 1}, {7});
  to_probabilities("mse", value);
  EXPECT_EQ(value.as<double>()[0], 7);
}

TEST(JudgementTest, TheLargestOutputIsTheAnswerAndNaNIsNone) {
  const Tensor outputs = tensor({4, 3}, {1, 3, 2, 5, 5, 0, kNaN, 1, 2, -3, -2, -1});
  EXPECT_EQ(chosen_classes(outputs, 0), (std::vector<std::int32_t>{1, 0, -1, 2}));
  const Tensor single = tensor({3, 1}, {0.4, 0.6, kNaN}, DType::f32);
  EXPECT_EQ(chosen_classes(single, 0.5), (std::vector<std::int32_t>{0, 1, -1}));
}

TEST(JudgementTest, AConfusionByHand) {
  const Confusion confusion = count_confusion({0, 0, 0, 1, 1, 2}, {0, 0, 1, 1, 0, -1}, 3);
  EXPECT_EQ(confusion.counts,
            (std::vector<std::vector<std::int64_t>>{{2, 1, 0}, {1, 1, 0}, {0, 0, 0}}));
  EXPECT_EQ(confusion.nan_rows, 1);
  EXPECT_EQ(confusion.right(), 3);
  EXPECT_EQ(confusion.total(), 6);
  EXPECT_DOUBLE_EQ(confusion.recall(0), 2.0 / 3);
  EXPECT_DOUBLE_EQ(confusion.precision(0), 2.0 / 3);
  EXPECT_TRUE(std::isnan(confusion.recall(2)) && std::isnan(confusion.precision(2)));
  EXPECT_THROW(count_confusion({0}, {}, 1), UsageError);
}

TEST(JudgementTest, TheBestConstantHasNoRSquared) {
  const Tensor targets = tensor({4, 2}, {0, 1, 0, 1, 2, 1, 2, 1}, DType::f32);
  auto fits = measure_fit(tensor({4, 2}, {1, 1, 1, 1, 1, 1, 1, 3}), targets);
  EXPECT_DOUBLE_EQ(fits[0].rmse, 1);
  EXPECT_DOUBLE_EQ(fits[0].r_squared, 0);
  EXPECT_DOUBLE_EQ(fits[1].rmse, 1);
  EXPECT_TRUE(std::isnan(fits[1].r_squared));
  EXPECT_THROW(measure_fit(tensor({1, 1}, {0}), targets), UsageError);
}

}  // namespace
}  // namespace plumb
