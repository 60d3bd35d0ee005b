// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"
#include "tests/support/allocation_count.h"
#include "tests/support/layer_checks.h"

namespace plumb {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T = double>
Tensor tensor(const Shape& shape, const std::vector<double>& values) {
  Tensor result(shape, kDTypeOf<T>);
  for (std::size_t i = 0; i < values.size(); ++i) result.as<T>()[i] = static_cast<T>(values[i]);
  return result;
}

struct Evaluated {
  double value = 0;
  Tensor grad;
};

Evaluated evaluate(std::string_view loss, const Tensor& y, const Target& target) {
  Evaluated result{0, Tensor(y.shape(), y.dtype())};
  result.value = make_loss(loss)->gradient(y.view(), target, result.grad.view());
  const double value = make_loss(loss)->value(y.view(), target);
  EXPECT_TRUE(value == result.value || (std::isnan(value) && std::isnan(result.value)));
  return result;
}

TEST(LossTest, ZeroLogitsCostTheLogarithmOfTheNumberOfClasses) {
  const std::vector<std::int32_t> labels{0, 9, 5};
  const Tensor y({3, 10}, DType::f64);
  const Evaluated e = evaluate("cross_entropy", y, {labels, {}});
  EXPECT_NEAR(e.value, 2.302585092994046, 1e-15);
  EXPECT_NEAR(e.grad.as<double>()[0], -0.9 / 3, 1e-16);
  EXPECT_NEAR(e.grad.as<double>()[1], 0.1 / 3, 1e-16);
}

TEST(LossTest, HandComputedCases) {
  const Tensor y = tensor({2, 2}, {1, 2, 3, 5});
  const Tensor t = tensor({2, 2}, {0, 2, 1, 2});
  EXPECT_DOUBLE_EQ(evaluate("mse", y, {{}, t.view()}).value, (0.5 + 0 + 2 + 4.5) / 2);
  EXPECT_DOUBLE_EQ(evaluate("difference", y, {{}, t.view()}).value, (1 + 0 + 2 + 3) / 2.0);
  const Tensor z = tensor({1, 2}, {0, std::log(3.0)});
  const Tensor u = tensor({1, 2}, {1, 0});
  EXPECT_NEAR(evaluate("binary_cross_entropy", z, {{}, u.view()}).value,
              std::log(2.0) + std::log(4.0), 1e-15);
}

TEST(LossTest, ValuesAndGradientsAreThoseOfPyTorch) {
  std::ifstream file(PLUMB_TEST_DIR "/nn/golden/losses.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const Shape shape{golden["batch"].get<std::int64_t>(), golden["outputs"].get<std::int64_t>()};
  ASSERT_EQ(golden["cases"].size(), 12u);
  for (const auto& example : golden["cases"]) {
    const std::string name = example["loss"];
    const Tensor y = tensor(shape, example["y"]);
    const Tensor t = tensor(shape, example["values"]);
    const std::vector<std::int32_t> labels = example["labels"];
    const Target target{labels, labels.empty() ? t.view() : ConstView{}};
    const Evaluated e = evaluate(name, y, target);
    const double wanted = example["value"];
    EXPECT_NEAR(e.value, wanted, 1e-14 * std::max(1.0, std::fabs(wanted))) << name;
    const std::vector<double> grad = example["grad_y"];
    for (std::size_t i = 0; i < grad.size(); ++i) {
      EXPECT_NEAR(e.grad.as<double>()[i], grad[i], 1e-14 * std::max(1.0, std::fabs(grad[i])))
          << name << " " << i;
    }
  }
}

TEST(LossTest, EachStepWithALabelIsARow) {
  const std::vector<double> logits{1, 2, 3, 0, 0, 5, 2, 1, 0, 1, 1, 1};
  const std::vector<std::int32_t> labels{0, 2, 1, 2};
  const Tensor steps = tensor({2, 2, 3}, logits), rows = tensor({4, 3}, logits);
  const Evaluated a = evaluate("cross_entropy", steps, {labels, {}});
  const Evaluated b = evaluate("cross_entropy", rows, {labels, {}});
  EXPECT_EQ(a.value, b.value);
  EXPECT_TRUE(std::ranges::equal(a.grad.as<double>(), b.grad.as<double>()));
  EXPECT_EQ(accuracy(steps.view(), labels), accuracy(rows.view(), labels));
  EXPECT_EQ(accuracy(steps.view(), labels), 0.25);
  // One label a sample: the steps' outputs are one row, as before.
  const std::vector<std::int32_t> two{5, 0};
  EXPECT_EQ(evaluate("cross_entropy", steps, {two, {}}).value,
            evaluate("cross_entropy", tensor({2, 6}, logits), {two, {}}).value);
  // Values add up over the steps, and the mean is over the batch alone.
  const Tensor zero = tensor({2, 2, 3}, std::vector<double>(12, 0));
  EXPECT_DOUBLE_EQ(evaluate("mse", steps, {{}, zero.view()}).value, (39 + 8) / 2.0 / 2);
  EXPECT_THROW(evaluate("cross_entropy", steps, {std::vector<std::int32_t>(3, 0), {}}), DataError);
}

TEST(LossTest, GradientsAreCentralDifferences) {
  const Rng rng(3, "loss");
  const Shape shape{3, 4};
  const std::vector<std::int32_t> labels{0, 3, 1};
  std::vector<double> values(12), targets(12);
  for (std::size_t i = 0; i < 12; ++i) values[i] = 2 * rng.normal(i);
  for (std::size_t i = 0; i < 12; ++i) targets[i] = rng.uniform(100 + i);
  const Tensor t = tensor(shape, targets);
  for (const std::string_view name : loss_names()) {
    const bool by_label = name == "cross_entropy";
    const Target target{
        by_label ? std::span<const std::int32_t>(labels) : std::span<const std::int32_t>(),
        by_label ? ConstView{} : t.view()};
    const Evaluated e = evaluate(name, tensor(shape, values), target);
    const auto loss = make_loss(name);
    for (std::size_t i = 0; i < 12; ++i) {
      constexpr double h = 1e-5;
      auto up = values, down = values;
      up[i] += h;
      down[i] -= h;
      const double slope = (loss->value(tensor(shape, up).view(), target) -
                            loss->value(tensor(shape, down).view(), target)) /
                           (2 * h);
      EXPECT_NEAR(e.grad.as<double>()[i], slope, 1e-9) << name << " " << i;
    }
  }
}

TEST(LossTest, RowsOfTheCrossEntropyGradientSumToZero) {
  const Rng rng(4, "rows");
  std::vector<double> values(8 * 10);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 5 * rng.normal(i);
  const std::vector<std::int32_t> labels{0, 1, 2, 3, 4, 5, 6, 7};
  const Evaluated e = evaluate("cross_entropy", tensor({8, 10}, values), {labels, {}});
  for (std::size_t b = 0; b < 8; ++b) {
    double sum = 0;
    for (std::size_t j = 0; j < 10; ++j) sum += e.grad.as<double>()[b * 10 + j];
    EXPECT_NEAR(sum, 0, 1e-16);
  }
}

TEST(LossTest, HugeLogitsStayExact) {
  const Tensor y = tensor({2, 3}, {1e4, -1e4, 0, -1e4, 1e4, 1e4});
  const std::vector<std::int32_t> worst{1, 0};
  EXPECT_DOUBLE_EQ(evaluate("cross_entropy", y, {worst, {}}).value,
                   (2e4 + 2e4 + std::log(2.0)) / 2);
  const std::vector<std::int32_t> best{0, 2};
  EXPECT_DOUBLE_EQ(evaluate("cross_entropy", y, {best, {}}).value, std::log(2.0) / 2);
  const Tensor t = tensor({2, 3}, {0, 1, 0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(evaluate("binary_cross_entropy", y, {{}, t.view()}).value,
                   (2e4 + std::log(2.0)) / 2);
}

TEST(LossTest, AConfidentAnswerKeepsItsTinyLossAndGradient) {
  const Tensor y = tensor({1, 2}, {100, 0});
  const std::vector<std::int32_t> labels{0};
  const double tiny = std::exp(-100.0);  // 3.7e-44, far below the last bit of 1
  const Evaluated e = evaluate("cross_entropy", y, {labels, {}});
  EXPECT_DOUBLE_EQ(e.value, tiny);
  EXPECT_DOUBLE_EQ(e.grad.as<double>()[0], -tiny);
  EXPECT_DOUBLE_EQ(e.grad.as<double>()[1], tiny);
  const Tensor z = tensor({1, 1}, {100});
  const std::vector<std::int32_t> one{1};
  const Evaluated b = evaluate("binary_cross_entropy", z, {one, {}});
  EXPECT_DOUBLE_EQ(b.value, tiny);
  EXPECT_DOUBLE_EQ(b.grad.as<double>()[0], -tiny);
}

TEST(LossTest, NanGivesNan) {
  const std::vector<std::int32_t> labels{0, 1};
  for (const std::string_view name : loss_names()) {
    for (std::size_t place = 0; place < 2; ++place) {
      Tensor y = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
      y.as<double>()[place] = kNan;
      const Evaluated e = evaluate(name, y, {labels, {}});
      EXPECT_TRUE(std::isnan(e.value)) << name;
      if (name == "difference") continue;  // its gradient does not depend on y
      EXPECT_TRUE(std::isnan(e.grad.as<double>()[place])) << name;
      EXPECT_FALSE(std::isnan(e.grad.as<double>()[5])) << name;
    }
  }
}

TEST(LossTest, FloatIsTheDoubleResultRoundedOnce) {
  const Rng rng(5, "float");
  std::vector<double> values(4 * 10);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<double>(static_cast<float>(3 * rng.normal(i)));
  }
  const std::vector<std::int32_t> labels{9, 0, 4, 4};
  for (const std::string_view name : loss_names()) {
    const Evaluated f = evaluate(name, tensor<float>({4, 10}, values), {labels, {}});
    const Evaluated d = evaluate(name, tensor<double>({4, 10}, values), {labels, {}});
    EXPECT_EQ(f.value, d.value) << name;
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(f.grad.as<float>()[i], static_cast<float>(d.grad.as<double>()[i])) << name;
    }
  }
}

TEST(LossTest, AllocatesNothing) {
  const Tensor y({32, 10}, DType::f32), t({32, 10}, DType::f32);
  Tensor grad({32, 10}, DType::f32);
  const std::vector<std::int32_t> labels(32, 3);
  for (const std::string_view name : loss_names()) {
    const std::int64_t before_making = testing::allocation_count();
    const auto loss = make_loss(name);
    const std::int64_t before = testing::allocation_count();
    EXPECT_GT(before, before_making);  // the counter counts
    loss->gradient(y.view(), {labels, {}}, grad.view());
    if (name != "cross_entropy") loss->gradient(y.view(), {{}, t.view()}, grad.view());
    EXPECT_EQ(testing::allocation_count(), before) << name;
  }
}

TEST(LossTest, ASingleOutputIsComparedWithTheLabelItself) {
  const Tensor y = tensor({2, 1}, {0.25, 0.25});
  const std::vector<std::int32_t> labels{0, 1};
  EXPECT_DOUBLE_EQ(evaluate("mse", y, {labels, {}}).value, (0.03125 + 0.28125) / 2);
}

TEST(LossTest, RefusesTargetsThatDoNotFit) {
  const Tensor y({2, 3}, DType::f64);
  const Tensor t({3, 2}, DType::f64);
  const std::vector<std::int32_t> few{0}, high{0, 3}, low{-1, 0}, good{0, 1};
  for (const std::string_view name : loss_names()) {
    const auto loss = make_loss(name);
    EXPECT_THROW(loss->value(y.view(), {few, {}}), DataError);
    EXPECT_THROW(loss->value(y.view(), {high, {}}), DataError);
    EXPECT_THROW(loss->value(y.view(), {low, {}}), DataError);
    EXPECT_THROW(loss->value(y.view(), {}), DataError);
    EXPECT_THROW(loss->gradient(y.view(), {good, {}}, Tensor({3, 2}, DType::f64).view()),
                 ShapeError);
    if (name == "cross_entropy") {
      EXPECT_THROW(loss->value(y.view(), {{}, y.view()}), DataError);
    } else {
      EXPECT_THROW(loss->value(y.view(), {{}, t.view()}), ShapeError);
    }
  }
  try {
    make_loss("cross_entropy")->value(y.view(), {high, {}});
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "cross_entropy: label 3 of row 1, expected 0 to 2");
  }
}

TEST(LossTest, AnUnknownNameNamesTheKnownOnes) {
  try {
    make_loss("crossentropy");
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_STREQ(error.what(),
                 "loss: unknown name 'crossentropy', expected cross_entropy, binary_cross_entropy, "
                 "mse or difference, did you mean 'cross_entropy'?");
  }
  for (const std::string_view name : loss_names()) EXPECT_EQ(make_loss(name)->kind(), name);
}

TEST(AccuracyTest, CountsRowsWhoseLargestOutputIsLabelled) {
  const Tensor y = tensor<float>({4, 3}, {1, 2, 0, 5, 5, 1, kNan, 0, 9, -1, -2, -3});
  EXPECT_EQ(accuracy(y.view(), std::vector<std::int32_t>{1, 0, 2, 0}),
            0.75);  // the NaN row is wrong
  EXPECT_EQ(accuracy(y.view(), std::vector<std::int32_t>{0, 1, 2, 0}), 0.25);  // a tie: the first
}

TEST(AccuracyTest, ASingleOutputIsComparedWithAThreshold) {
  const Tensor y = tensor<float>({4, 1}, {0.75, -1, 0.25, kNan});
  const std::vector<std::int32_t> labels{1, 0, 1, 1};
  EXPECT_EQ(accuracy(y.view(), labels), 0.75);
  EXPECT_EQ(accuracy(y.view(), labels, 0.5), 0.5);
}

}  // namespace
}  // namespace plumb
