// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "plumb/diagnose/forward_step.h"
#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

/// The same run with its loss, and so every gradient, 2^log2 times as large, while the optimiser
/// made the same updates of them.
plumb::Run scaled(plumb::Run run, int log2) {
  const double factor = std::exp2(log2);
  if (run.info.baseline) {
    run.info.baseline->loss *= factor;
    run.info.baseline->loss_deviation *= factor;
  }
  for (StepRecord& step : run.steps) {
    step.loss *= factor;
    step.grad_norm *= factor;
    if (step.validation_loss) *step.validation_loss *= factor;
    if (step.inference_loss) *step.inference_loss *= factor;
    for (SketchRecord& record : step.sketches) {
      const Role role = record.site.role;
      const bool is_gradient =
          role == Role::grad_z || role == Role::grad_a || role == Role::grad_weight;
      if (is_gradient) record.sketch.log2_scale += log2;
    }
    for (JoinRecord& join : step.joins) {
      for (JoinWay& way : join.ways) way.log2_rms += log2;
    }
  }
  return run;
}

// A factor on the loss (a sum in the place of a mean, a loss scale) is no fact of the network.
TEST(InvarianceTest, AFactorOnTheLossMovesNoFinding) {
  for (auto& [name, run] : test::sick_runs()) {
    // What would be worked out from the classes is told, so that it can be in the loss's unit.
    if (!run.info.baseline && std::isfinite(baseline_loss(run.info))) {
      run.info.baseline = Baseline{baseline_loss(run.info), 0, std::nan("")};
    }
    const bool has_time = !run.steps.empty() && !run.steps[0].times.empty();
    const bool decays = std::any_of(run.steps.begin(), run.steps.end(), [](const StepRecord& step) {
      return step.weight_decay_norm > 0;  // against which a gradient is large or small
    });
    if (has_time || decays) continue;
    const Diagnosis as_it_is(run);
    // The lowest loss that an output activation allows is that of the plain loss.
    const std::vector<Finding>& found = as_it_is.findings();
    if (!found.empty() && found[0].find(Quantity::loss_floor) != nullptr) continue;
    for (const int log2 : {16, -30}) {
      const plumb::Run other = scaled(run, log2);
      const Diagnosis moved(other);
      EXPECT_EQ(to_string(moved.outcome()), to_string(as_it_is.outcome())) << name;
      ASSERT_EQ(moved.findings().size(), as_it_is.findings().size()) << name << ", 2^" << log2;
      for (std::size_t i = 0; i < moved.findings().size(); ++i) {
        const Finding& one = moved.findings()[i];
        const Finding& was = as_it_is.findings()[i];
        EXPECT_EQ(one.rule, was.rule) << name;
        EXPECT_EQ(to_string(one.severity), to_string(was.severity)) << name << ", " << one.rule;
        EXPECT_EQ(one.place, was.place) << name;
        EXPECT_EQ(one.first_step, was.first_step) << name;
        EXPECT_EQ(one.last_step, was.last_step) << name;
        EXPECT_EQ(to_string(one.cause.kind), to_string(was.cause.kind)) << name;
        EXPECT_EQ(one.did_harm, was.did_harm) << name;
        EXPECT_EQ(one.explained_by, was.explained_by) << name;
      }
    }
  }
}

}  // namespace
}  // namespace plumb
