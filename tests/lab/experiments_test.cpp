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

}  // namespace
}  // namespace plumb::lab
