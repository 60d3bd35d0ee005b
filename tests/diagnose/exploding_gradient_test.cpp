// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_gradient.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_words.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

using test::on, test::relu, test::sigmoid;

TEST(ExplodingGradientTest, FiresOnTwiceTheHeGainLongBeforeANan) {
  test::MiniSpec spec = relu(30, 2);
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  ASSERT_TRUE(std::isfinite(run.steps[0].loss));
  on(run)
      .finds(check_exploding_gradient)
      .is(Severity::critical)
      .measures(30, 2.5)
      .because(CauseKind::weight_scale)
      .has(Quantity::mean_log2_gain, 1.5, 0.05)
      .advises(RemedyKind::initialise)
      .with("gain", std::sqrt(2.0), 1e-12)
      .with("scheme", "he_normal");
}

// SELU at lecun_normal multiplies the squared gradient by 1.0716 a layer (Klambauer et al. 2017):
// 40 layers, 2^2.
TEST(ExplodingGradientTest, SilentOnFortyLayersOfSelu) {
  test::MiniSpec spec;
  spec.activation = "selu";
  spec.gain = 1;
  spec.depth = 40;
  on(spec).is_silent(check_exploding_gradient);
}

TEST(ExplodingGradientTest, UnscaledResidualBlocksAreBlamedOnTheirBranches) {
  test::MiniSpec spec;
  spec.depth = 16;
  spec.residual = true;
  spec.steps = 1;
  on(spec)
      .finds(check_exploding_gradient)
      .because(CauseKind::residual_branch)
      .has(Quantity::residual_blocks, 15)
      .advises(RemedyKind::scale_branch)
      .with("scale", 1 / std::sqrt(15.0), 1e-12);
}

TEST(ExplodingGradientTest, GrowthOverTimeIsARatioToTheFirstSteps) {
  const auto growing = [](double factor) {
    auto run = test::flat_run(4, 32, "relu", 30);
    for (std::size_t s = 20; s < 30; ++s) run.steps[s].grad_norm = factor;
    return run;
  };
  on(growing(900)).is_silent(check_exploding_gradient);
  on(growing(1100)).finds(check_exploding_gradient).in_steps(20, 29);
}

// The first steps are steps: with every fifth of them measured there are two.
TEST(ExplodingGradientTest, TheFirstStepsAreNotThoseThatHappenToBeMeasured) {
  for (const int spacing : {1, 5, 20}) {
    auto run = test::flat_run(4, 32, "relu", 20);
    for (std::size_t s = 0; s < 20; ++s) {
      StepRecord& step = run.steps[s];
      step.step = static_cast<std::int64_t>(s) * spacing;
      step.grad_norm = std::exp2(0.2 * static_cast<double>(step.step));
    }
    const auto findings = test::findings_of(check_exploding_gradient, run);
    ASSERT_EQ(findings.size(), spacing == 1 ? 0u : 1u) << spacing;
    if (!findings.empty()) {
      EXPECT_LE(test::value_of(findings[0], Quantity::first_gradient_norm), 4);
    }
  }
}

// A network that converges within its first steps has not exploded in the very first one.
TEST(ExplodingGradientTest, SilentOnANetworkThatConvergesAtOnce) {
  auto run = test::flat_run(4, 32, "relu", 60);
  for (std::size_t s = 0; s < 60; ++s) {
    run.steps[s].grad_norm = std::exp2(-4.0 * static_cast<double>(s));
  }
  on(run).is_silent(check_exploding_gradient);
}

// The gradient of a converged network is tiny; a batch with a large one is not an explosion.
TEST(ExplodingGradientTest, SilentOnASpikeAfterConvergence) {
  auto run = test::flat_run(4, 32, "relu", 40);
  for (std::size_t s = 10; s < 40; ++s) run.steps[s].grad_norm = 1e-9;
  run.steps[30].grad_norm = 2;
  on(run).is_silent(check_exploding_gradient);
}

}  // namespace
}  // namespace plumb
