// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "tests/support/layer_checks.h"
#include "tests/support/shape_error.h"

namespace plumb::testing {

namespace {

LayerCase conv_case(const std::string& text, std::int64_t channels) {
  // oneDNN makes a list of its arguments at every call: a few small pieces for each of at most two
  // chunks and the copies between orders.
  return {.text = text, .elementwise = false, .channels = channels, .foreign_allocations = 400};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Conv, LayerChecks,
                         ::testing::Values(conv_case("conv 2 3x3", 1), conv_case("conv 1 1x1", 3),
                                           conv_case("conv 5 3x2 pad=1x0 stride=2x1", 3),
                                           conv_case("conv 6 3x3 groups=2 bias=false", 4),
                                           conv_case("conv 4 3x3 groups=4 stride=2", 4),
                                           conv_case("conv 16 3x3", 16),
                                           conv_case("conv 32 3x3 stride=2 bias=false", 16)));

namespace {

template <class T>
void fill(View view, const std::vector<double>& values) {
  std::transform(values.begin(), values.end(), view.as<T>().begin(),
                 [](double v) { return static_cast<T>(v); });
}

template <class T>
void check_by_hand() {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const auto conv = layer_from_text("conv 1 2x2", {1, 1, 2, 3}, kDTypeOf<T>);
  fill<T>(conv->params()[0].value.view(), {1, 2, 3, 4});
  fill<T>(conv->params()[1].value.view(), {10});
  const Shape shape{1, 1, 2, 3};
  Tensor x(shape, kDTypeOf<T>), grad_x(shape, kDTypeOf<T>);
  Tensor y({1, 1, 1, 2}, kDTypeOf<T>), grad_y({1, 1, 1, 2}, kDTypeOf<T>);
  fill<T>(x.view(), {1, 2, 3, 4, 5, 6});
  fill<T>(grad_y.view(), {1, -1});
  ASSERT_EQ(conv->output_shape(shape), y.shape());
  conv->forward(x.view(), y.view(), context);
  conv->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  // Not flipped: 10 + 1*1 + 2*2 + 3*4 + 4*5, then one to the right.
  EXPECT_EQ(values_of(y.view()), (std::vector<double>{47, 57}));
  EXPECT_EQ(values_of(grad_x.view()), (std::vector<double>{1, 1, -2, 3, 1, -4}));
  EXPECT_EQ(values_of(conv->params()[0].grad.view()), (std::vector<double>{-1, -1, -1, -1}));
  EXPECT_EQ(values_of(conv->params()[1].grad.view()), (std::vector<double>{0}));
}

TEST(ConvTest, TwoByTwoByHandInFloat) { check_by_hand<float>(); }
TEST(ConvTest, TwoByTwoByHandInDouble) { check_by_hand<double>(); }

TEST(ConvTest, ThePaddingKeepsOddWindowsAtStrideOneAndImagesWithoutChannelsHaveOne) {
  const auto shape_of = [](const std::string& text, const Shape& x) {
    return layer_from_text(text, x, DType::f64)->output_shape(x);
  };
  for (const char* const size : {"1x1", "3x3", "5x5", "3x7"}) {
    EXPECT_EQ(shape_of(std::string("conv 4 ") + size, {2, 3, 9, 7}), (Shape{2, 4, 9, 7})) << size;
  }
  EXPECT_EQ(shape_of("conv 4 3x3 stride=2", {2, 3, 32, 32}), (Shape{2, 4, 16, 16}));
  EXPECT_EQ(shape_of("conv 4 1x1 stride=2", {2, 3, 32, 32}), (Shape{2, 4, 16, 16}));
  EXPECT_EQ(shape_of("conv 4 2x2", {2, 3, 5, 5}), (Shape{2, 4, 4, 4}));
  EXPECT_EQ(shape_of("conv 4 3x3 pad=0", {2, 3, 5, 5}), (Shape{2, 4, 3, 3}));
  EXPECT_EQ(shape_of("conv 4 3x3 pad=2x0 stride=1x2", {2, 3, 5, 5}), (Shape{2, 4, 7, 2}));
  EXPECT_EQ(shape_of("conv 16 3x3", {2, 28, 28}), (Shape{2, 16, 28, 28}));
}

TEST(ConvTest, ErrorsNameThePlaceBothShapesAndTheCure) {
  EXPECT_EQ(shape_error("conv 2 3x3", {8, 128}, {8, 128}),
            "x has shape [128] a sample, expected [channels, height, width] or [height, width]");
  EXPECT_EQ(shape_error("conv 2 3x3", {8, 3, 5, 5}, {8, 4, 5, 5}),
            "block.3: x has shape [8, 4, 5, 5], expected 3 channels");
  EXPECT_EQ(shape_error("conv 2 7x7 pad=1", {8, 3, 4, 5}, {8, 3, 4, 5}),
            "block.3: x has shape [8, 3, 4, 5], expected at least 5 x 5 pixels for a window of "
            "7x7");
  EXPECT_EQ(shape_error("conv 4 3x3 groups=3", {8, 4, 5, 5}, {8, 4, 5, 5}),
            "3 groups of 4 input and 4 output channels, expected a divisor of both");
  EXPECT_EQ(shape_error("conv 4", {8, 4, 5, 5}, {8, 4, 5, 5}),
            "network: conv: nothing given, expected the window as 3 or 3x3\n  conv 4\n  ^");
  EXPECT_EQ(shape_error("conv 4 3x3 stride=0", {8, 4, 5, 5}, {8, 4, 5, 5}),
            "network: conv: stride is '0', expected an integer from 1 to 2147483647\n"
            "  conv 4 3x3 stride=0\n                    ^");
}

TEST(ConvTest, ParametersKnowTheirFans) {
  const auto conv = layer_from_text("conv 8 3x5 stride=2 groups=2", {1, 6, 9, 9}, DType::f32);
  EXPECT_EQ(conv->params()[0].value.shape(), (Shape{8, 3, 3, 5}));
  for (const Param& param : conv->params()) {
    EXPECT_EQ(param.fan_in, 3 * 15);
    EXPECT_EQ(param.fan_out, 4 * 15);
  }
  EXPECT_EQ(conv->outputs_per_input(), 15.0);
  EXPECT_EQ(layer_from_text("conv 8 3x3 bias=false", {1, 6, 9, 9}, DType::f32)->params().size(),
            1u);
}

struct Outcome {
  std::vector<std::vector<double>> tensors;  ///< y, grad_x, then the parameters' gradients
  std::array<double, 4> terms{};             ///< of each element's sum
};

Outcome pass(const std::string& text, const Shape& shape, DType dtype, ThreadPool& pool) {
  const Context context{.pool = pool};
  const auto layer = layer_from_text(text, shape, dtype);
  for (Param& p : layer->params()) p.value = random_tensor(p.value.shape(), dtype, p.name);
  const Shape out = layer->output_shape(shape);
  const Tensor x = random_tensor(shape, dtype, "x"), g = random_tensor(out, dtype, "g");
  Tensor y(out, dtype), grad_x(shape, dtype);
  // A NaN left over in an output must not survive: outputs are overwritten.
  const auto spoil = [](View view) {
    dispatch(view.dtype, [&]<class T>(T) {
      std::ranges::fill(view.as<T>(), std::numeric_limits<T>::quiet_NaN());
    });
  };
  spoil(y.view());
  spoil(grad_x.view());
  for (Param& p : layer->params()) spoil(p.grad.view());
  layer->forward(x.view(), y.view(), context);
  layer->backward(x.view(), y.view(), g.view(), grad_x.view(), context);
  Outcome outcome;
  outcome.tensors = {values_of(y.view()), values_of(grad_x.view())};
  for (Param& p : layer->params()) outcome.tensors.push_back(values_of(p.grad.view()));
  const auto positions = static_cast<double>(out[0] * out[2] * out[3]);
  const auto& weight = layer->params()[0];
  outcome.terms = {static_cast<double>(weight.fan_in + 1), static_cast<double>(weight.fan_out),
                   positions, positions};
  return outcome;
}

/// Normal numbers: |float - double| <= 4 eps sqrt(K) times the bound on sum |a||b| that
/// dense_test.cpp uses.
TEST(ConvTest, FloatStaysWithinTheErrorBoundForEveryCombination) {
  int combinations = 0;
  ThreadPool one(1), three(3);
  for (const auto& [in, out, groups] : {std::array{1, 1, 1},
                                        {3, 16, 1},
                                        {16, 16, 1},
                                        {4, 6, 2},
                                        {32, 32, 2},
                                        {16, 16, 16},
                                        {5, 7, 1}}) {
    for (const char* const window : {"1x1", "3x3", "2x2", "3x1", "5x5 pad=1"}) {
      for (const int stride : {1, 2, 3}) {
        for (const auto& [height, width] : {std::pair{7, 9}, {8, 8}, {5, 4}}) {
          ThreadPool& pool = combinations % 2 == 0 ? one : three;
          const std::string text = "conv " + std::to_string(out) + " " + window +
                                   " stride=" + std::to_string(stride) +
                                   " groups=" + std::to_string(groups);
          const Shape shape{4, in, height, width};
          const Outcome fast = pass(text, shape, DType::f32, pool);
          const Outcome exact = pass(text, shape, DType::f64, pool);
          for (std::size_t k = 0; k < fast.tensors.size(); ++k) {
            const double n = fast.terms[k];
            const double limit =
                4 * std::numeric_limits<float>::epsilon() * std::sqrt(n) * (n + 3 * std::sqrt(n));
            for (std::size_t i = 0; i < fast.tensors[k].size(); ++i) {
              ASSERT_NEAR(fast.tensors[k][i], exact.tensors[k][i], limit)
                  << text << " of " << shape.to_string() << ", tensor " << k;
            }
          }
          ++combinations;
        }
      }
    }
  }
  EXPECT_EQ(combinations, 7 * 5 * 3 * 3);
}

}  // namespace
}  // namespace plumb::testing
