// SPDX-License-Identifier: Apache-2.0
// Against PyTorch: tests/nn/golden/layers.json, written by make_layers.py beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "plumb/kernels/activations/table.h"
#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

using Values = std::vector<double>;

nlohmann::json golden() {
  std::ifstream file(PLUMB_TEST_DIR "/nn/golden/layers.json");
  return nlohmann::json::parse(file);
}

Tensor filled(const Shape& shape, DType dtype, const Values& values) {
  Tensor tensor(shape, dtype);
  dispatch(dtype, [&]<class T>(T) {
    std::ranges::transform(values, tensor.as<T>().begin(),
                           [](double v) { return static_cast<T>(v); });
  });
  return tensor;
}

void expect_near(const Values& got, const Values& want, double limit, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(got[i], want[i], limit * std::max(1.0, std::abs(want[i]))) << what << " at " << i;
  }
}

TEST(LayerGoldenTest, ActivationsAndTheirDerivativesAreThoseOfPyTorch) {
  const nlohmann::json file = golden();
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const auto points = file["x"].get<Values>();
  const Shape shape{1, static_cast<std::int64_t>(points.size())};
  ASSERT_GE(points.size(), 50u);
  std::set<std::string, std::less<>> missing;
  for (const ActivationRow& row : activation_table()) missing.emplace(row.name);
  for (const auto& example : file["activations"]) {
    const auto text = example["layer"].get<std::string>();
    missing.erase(text.substr(0, text.find(' ')));
    for (const DType dtype : {DType::f32, DType::f64}) {
      const auto layer = layer_from_text(text, shape, dtype);
      const Tensor x = filled(shape, dtype, points);
      Tensor y(shape, dtype), derivative(shape, dtype);
      layer->forward(x.view(), y.view(), context);
      layer->derivative(x.view(), y.view(), derivative.view());
      const double limit = dtype == DType::f32 ? 1e-6 : 1e-14;
      expect_near(values_of(y.view()), example["y"].get<Values>(), limit, text);
      expect_near(values_of(derivative.view()), example["derivative"].get<Values>(), limit,
                  text + "'");
    }
  }
  EXPECT_TRUE(missing.empty()) << *missing.begin() << ": see tests/nn/golden/make_layers.py";
}

TEST(LayerGoldenTest, SoftmaxAndItsGradientAreThoseOfPyTorch) {
  const nlohmann::json softmax = golden()["softmax"];
  ThreadPool pool(1);
  const Shape shape{3, 5};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double limit = dtype == DType::f32 ? 1e-6 : 1e-14;
    const auto values = [&](const char* name) { return softmax[name].get<Values>(); };
    const auto layer = layer_from_text("softmax", shape, dtype);
    const Tensor x = filled(shape, dtype, values("x"));
    const Tensor grad_y = filled(shape, dtype, values("grad_y"));
    Tensor y(shape, dtype), grad_x(shape, dtype);
    layer->forward(x.view(), y.view(), {.pool = pool});
    layer->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), {.pool = pool});
    expect_near(values_of(y.view()), values("y"), limit, "y");
    expect_near(values_of(grad_x.view()), values("grad_x"), limit, "grad_x");
  }
}

TEST(LayerGoldenTest, DenseAndItsGradientsAreThoseOfPyTorch) {
  const nlohmann::json dense = golden()["dense"];
  ThreadPool pool(1);
  const Context context{.pool = pool};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double limit = dtype == DType::f32 ? 1e-6 : 1e-14;
    const auto values = [&](const char* name) { return dense[name].get<Values>(); };
    const auto layer = layer_from_text("dense 4", {3, 5}, dtype);
    layer->params()[0].value = filled({4, 5}, dtype, values("weight"));
    layer->params()[1].value = filled({4}, dtype, values("bias"));
    const Tensor x = filled({3, 5}, dtype, values("x"));
    const Tensor grad_y = filled({3, 4}, dtype, values("grad_y"));
    Tensor y({3, 4}, dtype), grad_x({3, 5}, dtype);
    layer->forward(x.view(), y.view(), context);
    layer->backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
    expect_near(values_of(y.view()), values("y"), limit, "y");
    expect_near(values_of(grad_x.view()), values("grad_x"), limit, "grad_x");
    expect_near(values_of(layer->params()[0].grad.view()), values("grad_weight"), limit, "weight");
    expect_near(values_of(layer->params()[1].grad.view()), values("grad_bias"), limit, "bias");
  }
}

}  // namespace
}  // namespace plumb::testing
