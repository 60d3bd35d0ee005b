// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"
#include "tests/support/shape_error.h"

namespace plumb::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Softmax, LayerChecks,
                         ::testing::Values(LayerCase{.text = "softmax", .elementwise = false}));

std::vector<double> softmax_of(const std::vector<double>& row) {
  ThreadPool pool(1);
  const Shape shape{1, std::ssize(row)};
  const auto layer = layer_from_text("softmax", shape, DType::f64);
  Tensor x(shape, DType::f64), y(shape, DType::f64);
  std::ranges::copy(row, x.as<double>().begin());
  layer->forward(x.view(), y.view(), {.pool = pool});
  return values_of(y.view());
}

TEST(SoftmaxTest, OddsAreExponentialsOfDifferences) {
  const auto y = softmax_of({0, std::log(2.0), std::log(5.0)});
  EXPECT_NEAR(y[0], 1.0 / 8, 1e-15);
  EXPECT_NEAR(y[1], 2.0 / 8, 1e-15);
  EXPECT_NEAR(y[2], 5.0 / 8, 1e-15);
}

TEST(SoftmaxTest, NothingOverflowsAndWhatIsFarBelowHasNoShare) {
  EXPECT_EQ(softmax_of({1000, 1000}), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(softmax_of({-1000, -3000}), (std::vector<double>{1, 0}));
  EXPECT_EQ(softmax_of({-std::numeric_limits<double>::infinity(), 3}), (std::vector<double>{0, 1}));
  for (const double share : softmax_of({std::numeric_limits<double>::infinity(), 0, 1})) {
    EXPECT_TRUE(std::isnan(share));
  }
}

TEST(SoftmaxTest, EachStepOfASequenceIsARowOfItsOwn) {
  ThreadPool pool(1);
  const Shape shape{2, 3, 2};
  const auto layer = layer_from_text("softmax", shape, DType::f32);
  const Tensor x = random_tensor(shape, DType::f32, "x");
  Tensor y(shape, DType::f32);
  layer->forward(x.view(), y.view(), {.pool = pool});
  const auto values = values_of(y.view());
  for (std::size_t i = 0; i < values.size(); i += 2) {
    EXPECT_NEAR(values[i] + values[i + 1], 1, 1e-6);
  }
}

TEST(SoftmaxTest, BelongsToNoFamilyThatTheLedgerTakesApart) {
  const auto layer = layer_from_text("softmax", {2, 3}, DType::f32);
  EXPECT_EQ(layer->family(), LayerFamily::other);
  EXPECT_EQ(to_string(layer->family()), "other");
}

TEST(SoftmaxTest, RefusesAnInputWithoutFeatures) {
  EXPECT_THROW(Softmax("5").output_shape({4}), ShapeError);
  EXPECT_THROW(Softmax("5").output_shape({4, 0}), ShapeError);
}

}  // namespace
}  // namespace plumb::testing
