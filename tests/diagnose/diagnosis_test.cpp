// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/core/rng.h"
#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/sick_runs.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

// Asked after any of its steps, it says what a new one over the steps so far says.
TEST(DiagnosisTest, GrowsAsIfItWereMadeAnew) {
  const Rng rng(7, "diagnosis_test/cuts");
  std::uint64_t draw = 0;
  for (const auto& [name, run] : test::sick_runs()) {
    Diagnosis diagnosis(run.info);
    plumb::Run so_far;
    so_far.info = run.info;
    for (const StepRecord& step : run.steps) {
      diagnosis.add(step);
      so_far.steps.push_back(step);
      if (rng.uniform(draw++) < 0.5 && step.step != run.steps.back().step) continue;
      const Diagnosis anew(so_far);
      EXPECT_EQ(diagnosis.findings(), anew.findings()) << name << ", step " << step.step;
      EXPECT_EQ(verdict(diagnosis), verdict(anew)) << name << ", step " << step.step;
      EXPECT_EQ(diagnosis.outcome(), anew.outcome()) << name;
    }
    EXPECT_EQ(diagnosis.findings(), diagnose(run)) << name;
  }
}

// A finished run costs one look at each measured step, however often it is asked.
TEST(DiagnosisTest, LooksAtEachStepOnce) {
  const auto run = test::run_mini_net({});
  const std::uint64_t before = steps_booked();
  const Diagnosis diagnosis(run);
  EXPECT_TRUE(diagnosis.findings().empty());
  EXPECT_FALSE(verdict(diagnosis).empty());
  EXPECT_NE(diagnosis.outcome(), Outcome::sick);
  EXPECT_EQ(steps_booked() - before, run.steps.size());
}

TEST(DiagnosisTest, AnIdIsThePlaceInTheList) {
  for (const auto& [name, run] : test::sick_runs()) {
    const auto findings = diagnose(run);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      EXPECT_EQ(findings[i].id, static_cast<int>(i)) << name;
      if (!findings[i].is_explained()) continue;
      const int root = *findings[i].explained_by;
      EXPECT_LT(root, findings[i].id) << name;
      EXPECT_FALSE(findings[static_cast<std::size_t>(root)].is_explained()) << name;
    }
  }
}

// Layers that come later are judged from then on; what was found before stays.
TEST(DiagnosisTest, TakesAGraphThatGrows) {
  plumb::Run run = test::flat_run(4, 32, "relu", 8);
  for (StepRecord& step : run.steps) step.activations[0].dead_units = 32;
  RunInfo small = run.info;
  small.layers.resize(5);  // input, dense, relu, dense, relu
  small.params.resize(2);
  Diagnosis diagnosis(small);
  const auto is_old = [](const Site& site) { return site.id < (site.is_of_parameter() ? 2 : 5); };
  for (std::size_t s = 0; s < 8; ++s) {
    StepRecord step = run.steps[s];
    if (s == 4) {
      small = run.info;
      diagnosis.grow(small);
    }
    if (s < 4) {
      std::erase_if(step.sketches, [&](const SketchRecord& r) { return !is_old(r.site); });
      step.activations.resize(2);
      step.symmetries.resize(2);
    }
    diagnosis.add(step);
  }
  ASSERT_EQ(diagnosis.findings().size(), 1u);
  EXPECT_EQ(diagnosis.findings()[0].rule, "dead_units");
  EXPECT_EQ(diagnosis.findings()[0].first_step, 0);
  EXPECT_EQ(diagnosis.findings()[0].last_step, 7);
  EXPECT_EQ(diagnosis.view().measured().back().flow.top, test::id_of(run.info, "6"));
  EXPECT_EQ(diagnosis.view().measured().front().flow.top, test::id_of(run.info, "2"));
}

// What is kept of a run of 300 layers is some kB a measured step, and nothing of another.
TEST(DiagnosisTest, KeepsNumbersAndNoRecords) {
  const plumb::Run run = test::flat_run(150, 64, "relu", 2);
  Diagnosis diagnosis(run.info);
  const auto bytes = [&] {
    std::size_t sum = 0;
    for (const MeasuredStep& step : diagnosis.view().measured()) {
      sum += sizeof(MeasuredStep) + step.paces.capacity() * sizeof(LayerPace) +
             step.times.capacity() * sizeof(TimeFlow);
    }
    for (std::size_t i = 0; i < run.info.layers.size(); ++i) {
      const auto layer = static_cast<LayerId>(i);
      sum += diagnosis.view().units(layer).items().capacity() *
             sizeof(std::pair<std::uint32_t, UnitFacts>);
      sum += diagnosis.view().symmetry(layer).items().capacity() *
             sizeof(std::pair<std::uint32_t, SymmetryFacts>);
    }
    return sum;
  };
  StepRecord step = run.steps[0];
  for (int s = 0; s < 100; ++s, ++step.step) diagnosis.add(step);
  const std::size_t measured = bytes();
  EXPECT_LT(measured, 100u * 60'000u);
  step.measured = false;
  for (int s = 0; s < 1000; ++s, ++step.step) diagnosis.add(step);
  EXPECT_EQ(bytes(), measured);
}

TEST(DiagnosisTest, EmptyBooksAreNotHealth) {
  const auto is_gradient = [](const SketchRecord& record) {
    return record.site.role == Role::grad_z || record.site.role == Role::grad_a;
  };
  const auto outcome_of_run = [](const plumb::Run& run, const char* says) {
    const Diagnosis diagnosis(run);
    EXPECT_TRUE(diagnosis.findings().empty());
    EXPECT_TRUE(test::contains(verdict(diagnosis), says)) << verdict(diagnosis);
    return diagnosis.outcome();
  };
  plumb::Run run = test::flat_run(5, 32, "relu", 3);
  EXPECT_EQ(outcome_of_run(run, "Nothing wrong was found"), Outcome::too_early);

  plumb::Run none = run;
  none.steps.clear();
  EXPECT_EQ(outcome_of_run(none, "Nothing was measured"), Outcome::not_measured);

  plumb::Run flowless = run;
  for (StepRecord& step : flowless.steps) std::erase_if(step.sketches, is_gradient);
  EXPECT_EQ(outcome_of_run(flowless, "gradient between the layers was not recorded"),
            Outcome::not_recorded);

  plumb::Run layerless = run;
  layerless.info.layers.clear();
  layerless.info.params.clear();
  EXPECT_EQ(outcome_of_run(layerless, "layers were not recorded"), Outcome::not_recorded);

  plumb::Run strangers = run;
  for (StepRecord& step : strangers.steps) {
    for (SketchRecord& record : step.sketches) record.site.id += 100;
    step.activations.clear();
    step.symmetries.clear();
  }
  EXPECT_EQ(outcome_of_run(strangers, "gradient between the layers was not recorded"),
            Outcome::not_recorded);

  plumb::Run times = run;
  const auto layers = static_cast<LayerId>(run.info.layers.size());
  for (const LayerId layer : {-1, layers, layers + 100}) {
    times.steps[0].times.push_back(test::decaying_rnn(4, -1, 0, layer));
  }
  EXPECT_EQ(outcome_of_run(times, "Nothing wrong was found"), Outcome::too_early);
  EXPECT_TRUE(RunView(times).measured().front().times.empty());

  plumb::Run loose = run;
  for (LayerInfo& layer : loose.info.layers) layer.inputs.clear();
  EXPECT_EQ(outcome_of_run(loose, "connected was not recorded"), Outcome::not_recorded);
}

// The gradient of the lower layers was not recorded: the verdict does not claim them.
TEST(DiagnosisTest, TheVerdictSaysHowFarItSaw) {
  plumb::Run run = test::flat_run(6, 32, "relu", 3);
  for (StepRecord& step : run.steps) {
    std::erase_if(step.sketches, [&](const SketchRecord& record) {
      return record.site == test::site_of(run.info, "1", Role::grad_a) ||
             record.site == test::site_of(run.info, "2", Role::grad_z);
    });
  }
  const std::string words = verdict(Diagnosis(run));
  EXPECT_FALSE(test::contains(words, "reaches every layer")) << words;
  EXPECT_TRUE(test::contains(words, "from layer 6 of 6 to the relu after layer 2")) << words;
}

}  // namespace
}  // namespace plumb
