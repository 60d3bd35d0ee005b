// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/dense.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Dense, LayerChecks,
                         ::testing::Values(LayerCase{.text = "dense 1", .elementwise = false},
                                           LayerCase{.text = "dense 5", .elementwise = false},
                                           LayerCase{.text = "dense 65 bias=false",
                                                     .elementwise = false}));

namespace {

template <class T>
Tensor tensor(const Shape& shape, std::initializer_list<double> values) {
  Tensor t(shape, kDTypeOf<T>);
  std::transform(values.begin(), values.end(), t.as<T>().begin(),
                 [](double v) { return static_cast<T>(v); });
  return t;
}

template <class T>
void check_two_by_two() {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  Dense dense(2, 2, true, kDTypeOf<T>, "dense");
  dense.params()[0].value = tensor<T>({2, 2}, {1, 2, 3, 4});
  dense.params()[1].value = tensor<T>({2}, {10, 20});
  const Tensor x = tensor<T>({2, 2}, {1, -1, 2, 0.5});
  const Tensor grad_y = tensor<T>({2, 2}, {1, 2, -1, 3});
  Tensor y({2, 2}, kDTypeOf<T>), grad_x({2, 2}, kDTypeOf<T>);
  const auto expect = [](const Tensor& got, std::vector<T> want) {
    EXPECT_TRUE(std::ranges::equal(got.as<T>(), want));
  };
  dense.forward(x.view(), y.view(), context);
  expect(y, {9, 19, 13, 28});
  dense.backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  expect(grad_x, {7, 10, 8, 10});
  expect(dense.params()[0].grad, {-1, T(-1.5), 8, T(-0.5)});
  expect(dense.params()[1].grad, {0, 5});
}

TEST(DenseTest, TwoByTwoByHandInFloat) { check_two_by_two<float>(); }
TEST(DenseTest, TwoByTwoByHandInDouble) { check_two_by_two<double>(); }

std::string shape_error(const std::string& text, const Shape& made_for, const Shape& x) {
  try {
    layer_from_text(text, made_for, DType::f32, 1, "block.3.dense")->output_shape(x);
  } catch (const ShapeError& error) {
    return error.what();
  }
  return "no error";
}

TEST(DenseTest, ShapeErrorsNameThePlaceBothShapesAndTheCure) {
  EXPECT_EQ(shape_error("dense 2", {8, 128}, {32, 64}),
            "block.3.dense: x has shape [32, 64], expected [batch, 128]");
  EXPECT_EQ(shape_error("dense 2", {8, 5, 128}, {32, 5, 64}),
            "block.3.dense: x has shape [32, 5, 64], expected [batch, steps, 128]");
  EXPECT_EQ(shape_error("dense 2", {8, 1, 3, 3}, {8, 1, 3, 3}),
            "x has shape [1, 3, 3] a sample, expected [features] or [steps, features]; put flatten "
            "before dense");
}

TEST(DenseTest, ParametersKnowTheirFansAndBiasCanBeLeftOut) {
  const auto with = layer_from_text("dense 3", {1, 7}, DType::f32);
  ASSERT_EQ(with->params().size(), 2u);
  for (const Param& param : with->params()) {
    EXPECT_EQ(param.fan_in, 7);
    EXPECT_EQ(param.fan_out, 3);
  }
  EXPECT_EQ(with->params()[0].value.shape(), (Shape{3, 7}));
  EXPECT_EQ(layer_from_text("dense 3 bias=false", {1, 7}, DType::f32)->params().size(), 1u);
}

/// |float - double| <= 4 eps sqrt(K) sum |a||b| for each element of each product.
TEST(DenseTest, FloatStaysWithinTheErrorBoundOfTheDoubleReference) {
  ThreadPool pool(2);
  const Context context{.pool = pool};
  for (const std::array<std::int64_t, 3>& size : {std::array<std::int64_t, 3>{1, 1, 1},
                                                  {3, 5, 7},
                                                  {32, 32, 32},
                                                  {33, 65, 17},
                                                  {64, 64, 64},
                                                  {100, 300, 200},
                                                  {256, 130, 10},
                                                  {2, 1000, 3}}) {
    const auto [batch, in, out] = size;
    const auto make = [&](DType dtype) {
      auto layer = layer_from_text("dense " + std::to_string(out), {batch, in}, dtype);
      for (Param& p : layer->params()) p.value = random_tensor(p.value.shape(), dtype, p.name);
      return layer;
    };
    const auto pass = [&](DType dtype) {
      const auto layer = make(dtype);
      const Tensor x = random_tensor({batch, in}, dtype, "x");
      const Tensor g = random_tensor({batch, out}, dtype, "g");
      Tensor y({batch, out}, dtype), grad_x({batch, in}, dtype);
      // A NaN left over in an output must not survive: outputs are overwritten.
      dispatch(dtype, [&]<class T>(T) {
        std::ranges::fill(y.as<T>(), std::numeric_limits<T>::quiet_NaN());
        std::ranges::fill(grad_x.as<T>(), std::numeric_limits<T>::quiet_NaN());
        for (Param& p : layer->params()) {
          std::ranges::fill(p.grad.as<T>(), std::numeric_limits<T>::quiet_NaN());
        }
      });
      layer->forward(x.view(), y.view(), context);
      layer->backward(x.view(), y.view(), g.view(), grad_x.view(), context);
      std::vector<std::vector<double>> all = {values_of(y.view()), values_of(grad_x.view())};
      for (Param& p : layer->params()) all.push_back(values_of(p.grad.view()));
      return all;
    };
    const auto fast = pass(DType::f32), exact = pass(DType::f64);
    // Normal numbers: sum |a||b| is about K times 2 / pi, so K is a bound that holds on average;
    // the bias adds one term.
    const std::array<double, 4> terms = {static_cast<double>(in + 1), static_cast<double>(out),
                                         static_cast<double>(batch), static_cast<double>(batch)};
    for (std::size_t k = 0; k < fast.size(); ++k) {
      const double limit = 4 * std::numeric_limits<float>::epsilon() * std::sqrt(terms[k]) *
                           (terms[k] + 3 * std::sqrt(terms[k]));
      for (std::size_t i = 0; i < fast[k].size(); ++i) {
        ASSERT_NEAR(fast[k][i], exact[k][i], limit) << batch << " " << in << " " << out << " " << k;
      }
    }
  }
}

}  // namespace
}  // namespace plumb::testing
