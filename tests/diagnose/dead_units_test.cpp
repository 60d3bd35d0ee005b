// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/dead_units.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_words.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

using test::on, test::relu, test::sigmoid;

plumb::Run run_with_dead(std::int64_t width, std::int64_t at_first, std::int64_t later) {
  auto run = test::flat_run(4, width, "relu", 4);
  for (std::size_t s = 0; s < run.steps.size(); ++s) {
    run.steps[s].activations[1].dead_units = s == 0 ? at_first : later;
  }
  return run;
}

TEST(DeadUnitsTest, FiresOnALayerThatIsMoreSilentThanChanceAllows) {
  // Four standard deviations of a Binomial(100, 1/2) above 50 are 70.
  on(run_with_dead(100, 69, 69)).is_silent(check_dead_units);
  on(run_with_dead(100, 71, 71))
      .finds(check_dead_units)
      .at_layer("3")
      .from_step(0)
      .has(Quantity::dead_units, 71)
      .has(Quantity::units, 100)
      .beyond(0.7, 1e-12)
      .because(CauseKind::silent_from_start)
      .advises(RemedyKind::set_bias);
}

TEST(DeadUnitsTest, FiresOnUnitsThatDiedInTraining) {
  on(run_with_dead(100, 10, 39)).is_silent(check_dead_units);
  on(run_with_dead(100, 10, 41))
      .finds(check_dead_units)
      .from_step(1)
      .because(CauseKind::died_in_training)
      .has(Quantity::dead_fraction_at_first, 0.1)
      .advises(RemedyKind::lower_rate);
}

// What fifty times the rate of it adds up is the momentum's.
TEST(DeadUnitsTest, AMomentumThatAddsUpIsLoweredFirst) {
  for (const double momentum : {0.97, 0.99}) {
    auto run = run_with_dead(100, 10, 41);
    run.info.optimiser_info.emplace().momentum = momentum;
    on(run)
        .finds(check_dead_units)
        .advises(momentum > 0.98 ? RemedyKind::lower_momentum : RemedyKind::lower_rate);
    run.info.optimiser_info->beta2 = 0.999;  // an adaptive one divides by the size of the gradient
    on(run).finds(check_dead_units).advises(RemedyKind::lower_rate);
  }
}

// Half of the entries of a healthy relu are zero. Deep down, where all samples look alike, whole
// units are silent for a whole batch, up to half of them.
TEST(DeadUnitsTest, SilentOnDeepHeReluNets) {
  for (const int depth : {3, 30}) {
    SCOPED_TRACE(depth);
    on(relu(depth)).is_silent(check_dead_units);
  }
}

TEST(DeadUnitsTest, SaturatedSigmoidsAreNotDeadRelus) {
  auto run = test::flat_run(4, 100, "sigmoid", 3);
  for (StepRecord& step : run.steps) step.activations[0].dead_units = 100;
  on(run).is_silent(check_dead_units);
}

// What may die is a trait of the activation; where it is not known, nothing is said.
TEST(DeadUnitsTest, SilentOnAnActivationOfUnknownTraits) {
  auto run = run_with_dead(100, 100, 100);
  for (LayerInfo& layer : run.info.layers) {
    if (layer.traits) layer.traits->can_die.reset();
  }
  on(run).is_silent(check_dead_units);
  for (LayerInfo& layer : run.info.layers) layer.traits.reset();
  on(run).is_silent(check_dead_units);
}

TEST(DeadUnitsTest, AWindowWithoutSamplesSaysNothing) {
  auto run = run_with_dead(100, 100, 100);
  for (StepRecord& step : run.steps) step.activations[1].window_samples = 0;
  on(run).is_silent(check_dead_units);
}

TEST(DeadUnitsTest, NarrowLayersAreJudgedOnlyWhenWhollyDead) {
  on(run_with_dead(8, 7, 7)).is_silent(check_dead_units);
  on(run_with_dead(8, 8, 8)).finds(check_dead_units).is(Severity::critical);
}

}  // namespace
}  // namespace plumb
