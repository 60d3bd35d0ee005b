// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/planted_fault.h"

#include <algorithm>
#include <cmath>

#include "tests/lab/lab_checks.h"
#include "tests/lab/wrong_derivative.h"

// An experiment owns the part of the engine that its checks rest on: a fault there makes it fail.
// figure_one_test.cpp does the same for the training that figure 1 is drawn from.
namespace plumb::lab {
namespace {

using test::Given;
using test::run_lab;

struct Owner {
  const char* experiment;
  Given given;  ///< smaller than the default: it agrees with these, too
};

void expect_each_fails(const std::vector<Owner>& owners, const PlantedFault::Parts& fault) {
  for (const Owner& owner : owners) {
    SCOPED_TRACE(owner.experiment);
    test::expect_agrees(run_lab(owner.experiment, owner.given));
    const PlantedFault planted(fault);
    EXPECT_FALSE(run_lab(owner.experiment, owner.given).agrees());
  }
}

/// Every derivative of an activation, times it.
PlantedFault::Parts derivative_times(double factor) {
  return {[factor](Network& network) { test::spoil_activations(network, factor); }, {}};
}

/// Weights that are drawn have so many times their variance.
PlantedFault::Parts variance_times(double factor) {
  const auto scale = [factor](Network& network) {
    for (Param* const param : network.params()) {
      if (param->name != "weight" || param->value.dtype() != DType::f64) continue;
      for (double& value : param->value.as<double>()) value *= std::sqrt(factor);
    }
  };
  return {scale, {}};
}

const Given kVictims{{"depth", "12"}, {"width", "60"}, {"networks", "4"}};
const Given kDepth{{"depth", "20"}, {"images", "1000"}, {"width", "32"}};

TEST(PlantedFaultTest, AWrongDerivativeOfAnActivationFails) {
  const std::vector<Owner> owners{{"identity", {}},
                                  {"chain-numbers", {}},
                                  {"sigmoid-tanh", {{"width", "200"}}},
                                  {"sigmoid-formulas", {}},
                                  {"victims", kVictims}};
  expect_each_fails(owners, derivative_times(1.05));
  expect_each_fails(owners, derivative_times(0.95));
}

TEST(PlantedFaultTest, AnInitialiserOfAnotherVarianceFails) {
  expect_each_fails({{"same-weight", {}},
                     {"chain-numbers", {}},
                     {"victims", kVictims},
                     {"initialisation", {{"width", "100"}}},
                     {"residual", {}}},
                    variance_times(1.2));
}

TEST(PlantedFaultTest, DecayThatEatsTheWeightsFails) {
  expect_each_fails({{"depth", kDepth}},
                    {{}, [](TrainConfig& config) { config.optimiser.weight_decay = 1; }});
}

TEST(PlantedFaultTest, AClipThatNobodyAskedForFails) {
  expect_each_fails({{"depth", kDepth}},
                    {{}, [](TrainConfig& config) { config.clip_norm = 1e-3; }});
}

TEST(PlantedFaultTest, IsGoneWithItsObject) {
  { const PlantedFault planted(derivative_times(2)); }
  test::expect_agrees(run_lab("sigmoid-formulas"));
}

}  // namespace
}  // namespace plumb::lab
