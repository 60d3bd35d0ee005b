// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/pad_shortcut.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "plumb/nn/reorder.h"
#include "plumb/stats/magnitude.h"
#include "tests/support/layer_checks.h"

namespace plumb {
namespace {

class PadShortcutTest : public ::testing::TestWithParam<DType> {
 protected:
  ThreadPool pool_{2};
  Context context_{Mode::train, 0, pool_};
};

TEST_P(PadShortcutTest, TakesEveryOtherPixelAndAddsChannelsOfZeros) {
  const Shape x_shape{1, 1, 3, 4}, y_shape{1, 2, 2, 2};
  PadShortcut pad(x_shape, y_shape);
  Tensor x(x_shape, GetParam()), y(y_shape, GetParam()), grad_x(x_shape, GetParam());
  dispatch(GetParam(), [&]<class T>(T) { std::iota(x.as<T>().begin(), x.as<T>().end(), T(1)); });
  pad.forward(x.view(), y.view(), context_);
  EXPECT_EQ(testing::values_of(y.view()), (std::vector<double>{1, 3, 9, 11, 0, 0, 0, 0}));
  pad.backward(x.view(), y.view(), y.view(), grad_x.view(), context_);
  EXPECT_EQ(testing::values_of(grad_x.view()),
            (std::vector<double>{1, 0, 3, 0, 0, 0, 0, 0, 9, 0, 11, 0}));
}

TEST_P(PadShortcutTest, ItsTwoPassesAreAdjoint) {
  struct Case {
    Shape x, y;
  };
  for (const auto& [x_shape, y_shape] :
       {Case{{3, 16, 8, 8}, {3, 32, 4, 4}}, Case{{2, 3, 7, 5}, {2, 3, 3, 5}},
        Case{{4, 5, 5}, {4, 6, 2, 3}}, Case{{7, 5}, {7, 9}}, Case{{1, 1}, {1, 1}}}) {
    PadShortcut pad(x_shape, y_shape);
    EXPECT_EQ(pad.output_shape(x_shape), y_shape);
    const Tensor x = testing::random_tensor(x_shape, GetParam(), "x");
    const Tensor g = testing::random_tensor(y_shape, GetParam(), "g");
    Tensor y(y_shape, GetParam()), grad_x(x_shape, GetParam());
    pad.forward(x.view(), y.view(), context_);
    pad.backward(x.view(), y.view(), g.view(), grad_x.view(), context_);
    // <g, P x> = <P^T g, x>
    EXPECT_NEAR(dot(g.view(), y.view()), dot(grad_x.view(), x.view()), 1e-12)
        << x_shape.to_string();
  }
}

TEST_P(PadShortcutTest, BlocksOfChannelsGiveTheSameImages) {
  const Shape x_shape{2, 16, 5, 4}, y_shape{2, 32, 3, 2};
  PadShortcut pad(x_shape, y_shape);
  const Tensor x = testing::random_tensor(x_shape, GetParam(), "x");
  Tensor y(y_shape, GetParam()), grad_x(x_shape, GetParam());
  pad.forward(x.view(), y.view(), context_);
  pad.backward(x.view(), y.view(), y.view(), grad_x.view(), context_);
  for (const Layout layout : {Layout::channels_8, Layout::channels_16}) {
    EXPECT_EQ(pad.layouts(x_shape, layout).y, layout);
    Tensor x_blocked(x_shape, GetParam(), layout), y_blocked(y_shape, GetParam(), layout);
    Tensor grad_blocked(x_shape, GetParam(), layout), back(y_shape, GetParam());
    reorder(x.view(), x_blocked.view(), pool_);
    pad.forward(x_blocked.view(), y_blocked.view(), context_);
    reorder(y_blocked.view(), back.view(), pool_);
    EXPECT_EQ(testing::values_of(back.view()), testing::values_of(y.view()));
    pad.backward(x_blocked.view(), y_blocked.view(), y_blocked.view(), grad_blocked.view(),
                 context_);
    Tensor grad_back(x_shape, GetParam());
    reorder(grad_blocked.view(), grad_back.view(), pool_);
    EXPECT_EQ(testing::values_of(grad_back.view()), testing::values_of(grad_x.view()));
  }
  EXPECT_EQ(PadShortcut({1, 16, 4, 4}, {1, 20, 2, 2}).layouts({1, 16, 4, 4}, Layout::channels_16).y,
            Layout::row_major);
}

TEST_P(PadShortcutTest, NaNPassesThrough) {
  PadShortcut pad({1, 2}, {1, 3});
  Tensor x(Shape{1, 2}, GetParam()), y(Shape{1, 3}, GetParam());
  dispatch(GetParam(), [&]<class T>(T) { x.as<T>()[1] = std::numeric_limits<T>::quiet_NaN(); });
  pad.forward(x.view(), y.view(), context_);
  EXPECT_TRUE(std::isnan(testing::values_of(y.view())[1]));
}

INSTANTIATE_TEST_SUITE_P(DTypes, PadShortcutTest, ::testing::Values(DType::f32, DType::f64));

TEST(PadShortcutShapeTest, RefusesWhatNoStrideMakes) {
  EXPECT_THROW(PadShortcut({1, 4, 8, 8}, {1, 2, 4, 4}), ShapeError);
  EXPECT_THROW(PadShortcut({1, 4, 8, 8}, {1, 4, 7, 8}), ShapeError);
  EXPECT_THROW(PadShortcut({1, 4, 8, 8}, {1, 4, 16, 16}), ShapeError);
  EXPECT_THROW(PadShortcut({1, 4}, {1, 6}).output_shape({1, 5}), ShapeError);
}

TEST(PadShortcutShapeTest, TheStrideIsTheSmallestThatFits) {
  EXPECT_EQ(stride_between(32, 16), 2);
  EXPECT_EQ(stride_between(7, 4), 2);
  EXPECT_EQ(stride_between(28, 28), 1);
  EXPECT_EQ(stride_between(5, 1), 5);
  EXPECT_EQ(stride_between(8, 7), std::nullopt);
}

}  // namespace
}  // namespace plumb
