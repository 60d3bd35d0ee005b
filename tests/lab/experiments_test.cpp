// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/lab/lab_checks.h"

namespace plumb::lab {
namespace {

using test::expect_agrees;
using test::measured;
using test::run_lab;

TEST(IdentityExperimentTest, AllWaysToDifferentiateAgree) { expect_agrees(run_lab("identity")); }

TEST(IdentityExperimentTest, HoldsForOtherNumbers) {
  const Result result = run_lab(
      "identity", {{"w1", "-2"}, {"w2", "0.25"}, {"x", "3"}, {"width", "5"}, {"seed", "9"}});
  EXPECT_EQ(measured(result, "dJ/dW3 by backpropagation"), 0.25 * -2 * 3);
  EXPECT_EQ(measured(result, "delta1 over delta2"), 0.25);
}

TEST(SameWeightExperimentTest, PowersAreThoseOfTheFormula) {
  expect_agrees(run_lab("same-weight"));
}

TEST(SameWeightExperimentTest, DepthAndWeightMoveTheGradient) {
  const Result result = run_lab(
      "same-weight", {{"depth", "7"}, {"weight", "-1.5"}, {"width", "32"}, {"gain", "1.1"}});
  expect_agrees(result);
  EXPECT_NEAR(measured(result, "|dJ/dW1| of the chain"), 6 * std::log10(1.5), 1e-12);
}

TEST(ChainNumbersExperimentTest, DigitsAndFactorsHold) { expect_agrees(run_lab("chain-numbers")); }

TEST(ChainNumbersExperimentTest, FactorMovesTheProduct) {
  const Result result = run_lab("chain-numbers", {{"factor", "0.9"}, {"width", "30"}});
  EXPECT_NEAR(measured(result, "gradient behind 3 layers"), 0.729, 1e-15);
}

TEST(SigmoidTanhExperimentTest, ShapesSaturationAndLargeWeightsHold) {
  expect_agrees(run_lab("sigmoid-tanh", {{"width", "200"}}));
}

TEST(SigmoidTanhExperimentTest, ARangeOfItsOwnMovesTheMedianGain) {
  const auto median = [](const char* range) {
    const Result result = run_lab("sigmoid-tanh", {{"width", "100"}, {"range", range}});
    for (const Part& part : result.parts) {
      const auto* const plot = std::get_if<Plot>(&part);
      if (plot != nullptr && plot->title.starts_with("Weights in")) return plot->series[0].y.back();
    }
    return 0.0;
  };
  EXPECT_GT(median("10"), median("400") + 3);
}

TEST(SigmoidFormulasExperimentTest, TheRightFormulasHoldAndThePrintedOneDoesNot) {
  expect_agrees(run_lab("sigmoid-formulas"));
  expect_agrees(
      run_lab("sigmoid-formulas", {{"w1", "2"}, {"w2", "0.7"}, {"w3", "-3"}, {"x", "-1"}}));
}

TEST(VictimsExperimentTest, LayersSufferAsTheorySays) {
  expect_agrees(run_lab("victims", {{"depth", "12"}, {"width", "60"}, {"networks", "4"}}));
}

TEST(VictimsExperimentTest, GainMovesTheFlow) {
  const test::Given smaller{{"depth", "8"}, {"width", "40"}, {"networks", "3"}, {"gain", "0.5"}};
  const Result result = run_lab("victims", smaller);
  // gain^(L-1) of the linear one.
  EXPECT_NEAR(measured(result, "first over last dJ/dZ, identity"),
              7 * std::log10(0.5 / std::sqrt(3.0)), 0.3);
}

TEST(FigureOneExperimentTest, EachSigmoidLayerIsSlowerThanTheNext) {
  expect_agrees(run_lab("figure-1", {{"images", "300"}, {"epochs", "120"}, {"seeds", "1"}}));
}

TEST(GatesExperimentTest, GradientsThroughTimeAreThoseOfPyTorchAndOfTheGate) {
  expect_agrees(run_lab(
      "gates", {{"steps", "40"}, {"width", "16"}, {"distance", "6"}, {"train-steps", "20"}}));
}

TEST(DepthExperimentTest, SigmoidStopsLearningWithDepthAndTheResidualNetworkDoesNot) {
  expect_agrees(run_lab("depth", {{"depth", "20"}, {"images", "1000"}, {"width", "32"}}));
}

TEST(DepthExperimentTest, WithoutTrainingNothingLearns) {
  const Result result = run_lab("depth", {{"depth", "2"}, {"steps", "2"}, {"width", "16"}});
  EXPECT_FALSE(result.agrees());
  EXPECT_LT(measured(result, "sigmoid, 2 layers"), 0.3);
}

TEST(InitialisationExperimentTest, TheLawsHoldAndHeLearnsWhereXavierStalls) {
  expect_agrees(run_lab("initialisation", {{"width", "100"}}));
}

TEST(InitialisationExperimentTest, DepthMovesTheRatioOfXavierToHe) {
  const Result result = run_lab(
      "initialisation",
      {{"depth", "5"}, {"width", "40"}, {"networks", "2"}, {"steps", "2"}, {"images", "100"}});
  EXPECT_NEAR(measured(result, "Xavier over He behind 5"), -2.5 * std::log10(2.0), 1e-9);
}

TEST(DyingReluExperimentTest, DeathsLieWithinTheBoundsAndADeadUnitComesBack) {
  expect_agrees(run_lab("dying-relu", {{"depth", "6"}, {"networks", "300"}}));
}

TEST(ResidualExperimentTest, GrowthIdentityAndDegradationAreThoseOfThePapers) {
  expect_agrees(run_lab("residual"));
}

TEST(ResidualExperimentTest, MoreBlocksGrowMore) {
  const Result result = run_lab(
      "residual",
      {{"blocks", "4"}, {"width", "16"}, {"networks", "10"}, {"steps", "2"}, {"images", "100"}});
  EXPECT_NEAR(measured(result, "log10 of the squared gradient through all blocks, a = 1"),
              4 * std::log10(2.0), 0.6);
}

TEST(RemediesExperimentTest, SomeCureAndSomeFailDeeper) {
  const Result result =
      run_lab("remedies", {{"depth", "8"}, {"width", "16"}, {"steps", "40"}, {"images", "200"}});
  const auto* const table = std::get_if<Table>(&result.parts.front());
  expect_agrees(result);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->rows.size(), 12u);
}

}  // namespace
}  // namespace plumb::lab
