// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/gradient_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

/// y = weight x^2, whose backward can be told to be wrong in one place.
class Square final : public Layer {
 public:
  enum class Fault { none, half_of_one_x, sign_of_weight, not_finite };
  explicit Square(Fault fault) : weight_("weight", {1}, DType::f64, 1, 1), fault_(fault) {
    weight_.value.as<double>()[0] = 1.5;
  }
  std::string_view kind() const override { return "square"; }
  LayerFamily family() const override { return LayerFamily::activation; }
  Shape output_shape(const Shape& x) const override { return x; }
  std::span<Param> params() override { return {&weight_, 1}; }
  void forward(ConstView x, View y, const Context&) override {
    const double w = weight_.value.as<double>()[0];
    for (std::size_t i = 0; i < x.as<double>().size(); ++i) {
      y.as<double>()[i] = w * x.as<double>()[i] * x.as<double>()[i];
    }
  }
  void backward(ConstView x, ConstView, ConstView grad_y, View grad_x, const Context&) override {
    const double w = weight_.value.as<double>()[0];
    double sum = 0;
    for (std::size_t i = 0; i < x.as<double>().size(); ++i) {
      const double v = x.as<double>()[i], g = grad_y.as<double>()[i];
      grad_x.as<double>()[i] = 2 * w * v * g;
      sum += v * v * g;
    }
    if (fault_ == Fault::half_of_one_x) grad_x.as<double>()[3] *= 0.5;
    if (fault_ == Fault::not_finite) {
      grad_x.as<double>()[0] = std::numeric_limits<double>::quiet_NaN();
    }
    weight_.grad.as<double>()[0] = fault_ == Fault::sign_of_weight ? -sum : sum;
    weight_.grad_is_zero = false;
  }

 private:
  Param weight_;
  Fault fault_;
};

GradientReport report_of(Square::Fault fault, bool full_jacobian = false) {
  Square layer(fault);
  const Tensor x = random_tensor({2, 3}, DType::f64, "x");
  return check_gradient(layer, x.view(), {.full_jacobian = full_jacobian});
}

TEST(GradientCheckTest, ARightLayerPasses) {
  for (const bool full : {false, true}) {
    const GradientReport report = report_of(Square::Fault::none, full);
    EXPECT_TRUE(report.within(1e-9)) << to_string(report);
    EXPECT_EQ(report.derivatives, full ? 6 * 7 : 7);
  }
}

TEST(GradientCheckTest, AWrongDerivativeIsNamedWithBothValues) {
  const GradientReport report = report_of(Square::Fault::half_of_one_x, true);
  EXPECT_FALSE(report.within(1e-7));
  EXPECT_EQ(report.tensor, "x");
  EXPECT_EQ(report.index, 3);
  EXPECT_NEAR(report.analytic, report.numeric / 2, 1e-6 * std::abs(report.numeric));
  EXPECT_NEAR(report.max_relative_error, 0.5, 1e-6);
  EXPECT_GT(report.product_error, 1e-3);
  EXPECT_NE(to_string(report).find("x[3]: analytic"), std::string::npos);
}

TEST(GradientCheckTest, AWrongSignOfAParameterIsFound) {
  const GradientReport report = report_of(Square::Fault::sign_of_weight);
  EXPECT_EQ(report.tensor, "weight");
  EXPECT_NEAR(report.max_relative_error, 2, 1e-6);
}

TEST(GradientCheckTest, ANaNIsTheWorstError) {
  EXPECT_TRUE(std::isinf(report_of(Square::Fault::not_finite).max_relative_error));
}

TEST(GradientCheckTest, ValuesOfParametersAreLeftAsTheyWere) {
  Square layer(Square::Fault::none);
  const Tensor x = random_tensor({2, 3}, DType::f64, "x");
  check_gradient(layer, x.view());
  EXPECT_EQ(layer.params()[0].value.as<double>()[0], 1.5);
}

TEST(GradientCheckTest, AFloatLayerIsRefused) {
  const auto layer = layer_from_text("tanh", {2, 3}, DType::f32);
  const Tensor x = random_tensor({2, 3}, DType::f32, "x");
  EXPECT_THROW(check_gradient(*layer, x.view()), std::logic_error);
}

}  // namespace
}  // namespace plumb::testing
