// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "plumb/diagnose/rules/diverging.h"
#include "plumb/diagnose/rules/not_learning.h"
#include "plumb/diagnose/rules/overfitting.h"
#include "plumb/diagnose/rules/running_statistics.h"
#include "plumb/diagnose/rules/zero_gradient.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kZero = -std::numeric_limits<double>::infinity();

plumb::Run course(int steps, const std::vector<double>& losses) {
  return test::with_losses(test::flat_run(3, 32, "relu", 1), steps, losses);
}

TEST(NotLearningTest, NamesWhatWasRuledOutWithItsNumbers) {
  const plumb::Run run = course(200, {2.31, 2.3});
  const auto findings = test::findings_of(check_not_learning, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::unknown);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::flow_log2), 0, 1e-9);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::median_update_log2), -7, 1e-9);
  EXPECT_EQ(test::value_of(findings[0], Quantity::dead_fraction), 0);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
}

TEST(NotLearningTest, SaysNothingOfShortRunsOfLearnersAndOfKnownCauses) {
  EXPECT_TRUE(test::findings_of(check_not_learning, course(60, {2.31, 2.3})).empty());
  EXPECT_TRUE(test::findings_of(check_not_learning, course(200, {2.31, 1})).empty());
  const plumb::Run run = course(200, {2.31, 2.3});
  const RunView view(run);
  std::vector<Finding> known(1);
  known[0].severity = Severity::warning;
  check_not_learning(view, known);
  EXPECT_EQ(known.size(), 1u);
}

TEST(NotLearningTest, SaysAtOnceThatThereIsNothingToTrain) {
  plumb::Run run = course(2, {2.31, 2.3});
  run.info.params.clear();
  for (LayerInfo& layer : run.info.layers) {
    if (layer.family == LayerFamily::linear) layer.family = LayerFamily::shape;
  }
  const auto findings = test::findings_of(check_not_learning, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::no_gradient);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  const FindingWords words = words_of(run.info, findings, findings[0]);
  EXPECT_TRUE(test::contains(words.cause, "No layer of the network has weights")) << words.cause;
}

TEST(DivergingTest, NamesALossThatComesBackAndNoLearner) {
  const plumb::Run run = course(200, {2.31, 0.3, 0.3, 2.2});
  const auto findings = test::findings_of(check_diverging, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_TRUE(test::findings_of(check_diverging, course(200, {2.31, 0.3, 0.4})).empty());
}

TEST(OverfittingTest, IsANoteAboutValidation) {
  plumb::Run run = course(200, {2.31, 0.05});
  run.steps[100].validation_loss = 1.5;
  run.steps[199].validation_loss = 2.9;
  EXPECT_EQ(test::findings_of(check_overfitting, run).size(), 1u) << "by the loss";
  run.steps[199].validation_accuracy = 0.3;
  const auto findings = test::findings_of(check_overfitting, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[0].first_step, 100);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  run.steps[199].validation_accuracy = 0.9;
  EXPECT_TRUE(test::findings_of(check_overfitting, run).empty()) << "sure, and seldom wrong";
}

// Of one batch alone no noise is known, and its loss may lie below the baseline.
TEST(OverfittingTest, SaysNothingOfAFewSteps) {
  plumb::Run run = course(10, {1.5, 0.5});
  run.steps[9].validation_loss = 2.9;
  EXPECT_TRUE(test::findings_of(check_overfitting, run).empty());
}

// As with labels that were shuffled: it learns by heart, and nothing else.
TEST(OverfittingTest, IsAWarningWhereNothingEverHeldForOthers) {
  for (const double best : {2.31, 1.5}) {
    plumb::Run run = course(200, {2.31, 0.05});
    run.info.baseline = Baseline{.loss = 2.3, .accuracy = 0.1};
    run.info.data_info.emplace().validation_samples = 100;
    run.steps[100].validation_loss = best;
    run.steps[199].validation_loss = 2.9;
    run.steps[100].validation_accuracy = run.steps[199].validation_accuracy = 0.12;
    const auto findings = test::findings_of(check_overfitting, run);
    ASSERT_EQ(findings.size(), 1u);
    const bool never = best > 2.3;
    EXPECT_EQ(findings[0].severity, never ? Severity::warning : Severity::note);
    EXPECT_EQ(test::first_remedy(findings[0]) == RemedyKind::check_labels, never);
    EXPECT_TRUE(test::is_complete(run.info, findings[0]));
    run.info.data_info->validation_samples = 20;
    EXPECT_EQ(test::findings_of(check_overfitting, run)[0].severity, Severity::note);
  }
}

/// What a run of the training gained by the accuracy, of the way from the baseline to 1.
double gained_right(const plumb::Run& run) {
  const Learning learning = RunView(run).learning();
  return (learning.accuracy - learning.baseline_accuracy) / (1 - learning.baseline_accuracy);
}

TEST(OverfittingTest, HalfOfWhatWasGainedMustHold) {
  for (const double part : {0.49, 0.51}) {
    plumb::Run run = course(200, {2.31, 0.05});
    run.steps[199].validation_loss = 2.9;
    run.steps[199].validation_accuracy = 0.1 + 0.9 * part * gained_right(run);
    EXPECT_EQ(test::findings_of(check_overfitting, run).size(), part < 0.5 ? 1u : 0u);
    // By the loss, where no accuracy is told.
    run.steps[199].validation_accuracy.reset();
    const Learning learning = RunView(run).learning();
    run.steps[199].validation_loss = learning.reference * (1 - part * learning.gained);
    const auto findings = test::findings_of(check_overfitting, run);
    ASSERT_EQ(findings.size(), part < 0.5 ? 1u : 0u);
    if (findings.empty()) continue;
    EXPECT_NEAR(findings[0].evidence[0].threshold, learning.reference * (1 - 0.5 * learning.gained),
                1e-12);
  }
}

// A tenth of the way is enough to lose something.
TEST(OverfittingTest, TakesAtLeastATenthOfTheWay) {
  for (const double gained : {0.09, 0.11}) {
    plumb::Run run = course(200, {2.31, 1.5});
    for (StepRecord& step : run.steps) step.accuracy = 0.1 + 0.9 * gained;
    run.steps[199].validation_loss = 2.9;
    run.steps[199].validation_accuracy = 0.1;
    EXPECT_EQ(test::findings_of(check_overfitting, run).size(), gained > 0.1 ? 1u : 0u);
  }
}

// Of 100 samples of which a tenth is right by chance, 0.1 +- 0.03 are; from 50 samples on one
// knows.
TEST(OverfittingTest, ChanceIsWithinTwoErrorsOfEnoughSamples) {
  const auto severity = [](double accuracy, std::int64_t samples) {
    plumb::Run run = course(200, {2.31, 0.05});
    run.info.data_info.emplace().validation_samples = samples;
    run.steps[199].validation_loss = 2.9;
    run.steps[199].validation_accuracy = accuracy;
    return test::findings_of(check_overfitting, run).at(0).severity;
  };
  EXPECT_EQ(severity(0.159, 100), Severity::warning);
  EXPECT_EQ(severity(0.161, 100), Severity::note);
  EXPECT_EQ(severity(0.1, 50), Severity::warning);
  EXPECT_EQ(severity(0.1, 49), Severity::note);
}

// A few samples hold most of the loss, and a small part holds one of them or none.
TEST(OverfittingTest, SaysNothingThatAFewSamplesSayByChance) {
  plumb::Run run = course(200, {1.2, 0.56});
  for (StepRecord& step : run.steps) step.accuracy = std::nan("");
  run.info.baseline = Baseline{.loss = 0.76, .loss_deviation = 1.6};
  run.info.data_info.emplace().validation_samples = 300;
  run.steps[199].validation_loss = 0.73;
  EXPECT_TRUE(test::findings_of(check_overfitting, run).empty());
  run.info.baseline->loss_deviation = 0.5;
  EXPECT_EQ(test::findings_of(check_overfitting, run).size(), 1u);
  run.info.baseline->loss_deviation = std::nan("");
  EXPECT_EQ(test::findings_of(check_overfitting, run).size(), 1u) << "nothing is known of it";

  // One of a hundred is of the rare class, and two of 200 are in the validation part.
  run = course(200, {0.06, 0.009});
  run.info.batch = 1024;
  for (StepRecord& step : run.steps) step.accuracy = 0.997;
  run.info.classes = 2;
  run.info.baseline = Baseline{.loss = 0.056, .loss_deviation = 0.457, .accuracy = 0.99};
  run.info.data_info.emplace().validation_samples = 200;
  run.steps[199].validation_loss = 0.0605;
  run.steps[199].validation_accuracy = 0.99;
  EXPECT_TRUE(test::findings_of(check_overfitting, run).empty());
  run.info.data_info->validation_samples = 20000;
  EXPECT_EQ(test::findings_of(check_overfitting, run).size(), 1u);
}

plumb::Run running(double momentum, double inference_loss, double inference_accuracy) {
  plumb::Run run = course(200, {2.31, 0.05});
  run.info.layers[2].running_momentum = momentum;
  run.steps[199].inference_loss = inference_loss;
  run.steps[199].inference_accuracy = inference_accuracy;
  return run;
}

TEST(RunningStatisticsTest, NamesTheMomentumThatIsTooSmall) {
  const plumb::Run run = running(1e-3, 2.2, 0.35);
  const auto findings = test::findings_of(check_running_statistics, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::slow_running_statistics);
  EXPECT_EQ(findings[0].place.id, 2);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::set_momentum);
  EXPECT_EQ(*findings[0].remedies[0].number("value"), 0.1);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
}

TEST(RunningStatisticsTest, OfSeveralTheSlowestIsNamedAndOfEqualOnesTheFirst) {
  plumb::Run run = running(1e-3, 2.2, 0.35);
  run.info.layers[4].running_momentum = 1e-3;
  EXPECT_EQ(test::findings_of(check_running_statistics, run)[0].place.id, 2);
  run.info.layers[4].running_momentum = 5e-4;
  const auto findings = test::findings_of(check_running_statistics, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].place.id, 4);
  // What is left of the start after 200 steps; a hundredth is left after ln 100 / 5e-4 of them.
  EXPECT_NEAR(test::value_of(findings[0], Quantity::running_memory), std::exp(-0.1), 1e-4);
  EXPECT_NEAR(*findings[0].remedies[1].number("steps"), std::log(100.0) / 5e-4, 4);
}

TEST(RunningStatisticsTest, LooksForAnotherCauseWhereTheMomentumIsEnough) {
  const auto findings = test::findings_of(check_running_statistics, running(0.1, 2.2, 0.35));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::unlike_running_statistics);
  EXPECT_NE(test::first_remedy(findings[0]), RemedyKind::set_momentum);
}

// A quarter of what was gained is a warning, half of it critical; by the accuracy or by the loss.
TEST(RunningStatisticsTest, JudgesThePartThatIsMissing) {
  for (const double missing : {0.24, 0.26, 0.49, 0.51}) {
    SCOPED_TRACE(missing);
    plumb::Run run = running(1e-3, 1, 1);
    const Learning learning = RunView(run).learning();
    const auto check = [&](double of_loss, double of_accuracy) {
      run.steps[199].inference_loss =
          learning.at_last + of_loss * (learning.reference - learning.at_last);
      run.steps[199].inference_accuracy =
          learning.accuracy - of_accuracy * (learning.accuracy - learning.baseline_accuracy);
      const auto findings = test::findings_of(check_running_statistics, run);
      ASSERT_EQ(findings.size(), missing > 0.25 ? 1u : 0u);
      if (findings.empty()) return;
      EXPECT_EQ(findings[0].severity, missing > 0.5 ? Severity::critical : Severity::warning);
      EXPECT_EQ(findings[0].evidence[0].fact.quantity,
                of_loss > of_accuracy ? Quantity::inference_loss : Quantity::inference_accuracy);
    };
    check(0.2, missing);
    check(missing, 0.1);
  }
}

// (1 - momentum)^200 of the start is left: a twentieth at 0.01487.
TEST(RunningStatisticsTest, AMemoryOfMoreThanATwentiethIsSlow) {
  for (const double momentum : {0.0145, 0.0153}) {
    const auto findings = test::findings_of(check_running_statistics, running(momentum, 2.2, 0.35));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].cause.kind, momentum < 0.015 ? CauseKind::slow_running_statistics
                                                       : CauseKind::unlike_running_statistics);
  }
}

TEST(RunningStatisticsTest, IsSilentWhereUseIsAsGoodAsTraining) {
  EXPECT_TRUE(test::findings_of(check_running_statistics, running(1e-3, 0.05, 0.97)).empty());
  plumb::Run without = running(1e-3, 2.2, 0.35);
  without.info.layers[2].running_momentum.reset();
  EXPECT_TRUE(test::findings_of(check_running_statistics, without).empty());
}

// The overfitting of such a run is not known: in use the training part is as bad.
TEST(RunningStatisticsTest, IsNoOverfitting) {
  plumb::Run run = running(1e-3, 2.2, 0.35);
  run.steps[199].validation_loss = 2.2;
  run.steps[199].validation_accuracy = 0.34;
  EXPECT_TRUE(test::findings_of(check_overfitting, run).empty());
}

plumb::Run silent_output(int steps, int from) {
  plumb::Run run = test::flat_run(3, 32, "relu", steps);
  for (StepRecord& step : run.steps) {
    if (step.step < from) continue;
    for (const char* path : {"0", "2", "4"}) {
      test::put_rms(run.info, step, path, Role::grad_z, kZero);
    }
  }
  return run;
}

TEST(ZeroGradientTest, NamesALossThatGivesNone) {
  const plumb::Run run = silent_output(6, 2);
  const auto findings = test::findings_of(check_zero_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].first_step, 2);
  EXPECT_TRUE(findings[0].place == Place::loss());
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
}

// An exactly zero gradient, one that was not recorded and one below the range of float are three.
TEST(ZeroGradientTest, AMissingGradientAndATinyOneAreNotZero) {
  plumb::Run missing = silent_output(6, 0);
  for (StepRecord& step : missing.steps) {
    std::erase_if(step.sketches,
                  [](const SketchRecord& one) { return one.site.role == Role::grad_z; });
  }
  EXPECT_TRUE(test::findings_of(check_zero_gradient, missing).empty());
  plumb::Run tiny = test::flat_run(3, 32, "relu", 6);
  for (StepRecord& step : tiny.steps) {
    for (const char* path : {"0", "2", "4"}) {
      test::put_rms(tiny.info, step, path, Role::grad_z, -400);
    }
  }
  EXPECT_TRUE(test::findings_of(check_zero_gradient, tiny).empty());
}

TEST(ZeroGradientTest, AnOptimumHasNone) {
  plumb::Run run = silent_output(6, 2);
  for (StepRecord& step : run.steps) step.loss = step.step < 2 ? 1 : 1e-6;
  EXPECT_TRUE(test::findings_of(check_zero_gradient, run).empty());
}

}  // namespace
}  // namespace plumb
