// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/advice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "plumb/cure/advice_words.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/train/run_training.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

TrainConfig glyphs(const std::string& network, double rate = 0.1) {
  TrainConfig config;
  config.network = network;
  config.data = "glyphs?n=600";
  config.learning_rate = rate;
  config.steps = 100;
  return config;
}

struct Case {
  const char* name;
  TrainConfig config;
};

std::vector<Case> sick_trainings() {
  std::vector<Case> cases{
      {"deep sigmoid", glyphs("flatten > 12 x [dense 24 > sigmoid] > dense 10")},
      {"deep gelu", glyphs("flatten > 20 x [dense 24 > gelu] > dense 10", 1e-3)},
      {"zero start", glyphs("flatten > 2 x [dense 16 > tanh] > dense 10")},
      {"rate too high", glyphs("flatten > 3 x [dense 24 > relu] > dense 10", 30)},
      {"large weights", glyphs("flatten > 10 x [dense 24 > relu] > dense 10", 0.05)},
  };
  cases[1].config.optimiser.name = "adam";
  cases[1].config.init = "he_normal";
  cases[1].config.bias_init = "zeros";
  cases[2].config.init = "zeros";
  cases[3].config.init = "he_normal";
  cases[4].config.init = "normal:1";
  return cases;
}

std::vector<Finding> found(const TrainConfig& config) { return diagnose(train(config)); }

TEST(AdviceTest, NoAdviceIsANoOpOrTripsARule) {
  for (const Case& one : sick_trainings()) {
    const std::vector<Finding> findings = found(one.config);
    ASSERT_FALSE(findings.empty()) << one.name;
    CureData data(one.config);
    const Prediction before = predict(one.config, data.of(one.config).split);
    const Advice advice = check_advice(one.config, data, findings);
    EXPECT_GT(advice.steps, 0) << one.name;
    for (const CheckedChange& change : advice.changes) {
      EXPECT_FALSE(is_no_op(one.config, change.config)) << one.name;
      const Prediction after = predict(change.config, data.of(change.config).split);
      EXPECT_TRUE(after.is_possible()) << one.name << ": " << after.problem;
      EXPECT_TRUE(new_rules(before, after).empty())
          << one.name << ": " << change.prescription.rewrite->id;
    }
  }
}

TEST(AdviceTest, TheFirstAdviceLearnsMoreThanTheUntreatedTraining) {
  for (const Case& one : sick_trainings()) {
    CureData data(one.config);
    const Advice advice = check_advice(one.config, data, found(one.config));
    ASSERT_NE(advice.first(), nullptr) << one.name;
    const CheckedChange& first = *advice.first();
    EXPECT_EQ(first.check, AdviceCheck::helps) << one.name;
    TrainConfig followed = first.config;
    followed.seed = 7;  // another start than the one it was tried with
    TrainConfig untreated = one.config;
    untreated.seed = 7;
    const double guessing = std::log(10.0);
    const double before = train(untreated).steps.back().loss;
    EXPECT_LT(train(followed).steps.back().loss,
              std::isfinite(before) ? std::min(before, guessing) : guessing)
        << one.name << ": " << train_command(followed);
  }
}

TEST(AdviceTest, WhatIsInForceIsNotAdvised) {
  const TrainConfig config = sick_trainings()[1].config;  // gelu at gain 1.414 already
  CureData data(config);
  Finding finding;
  finding.rule = "vanishing_gradient";
  finding.severity = Severity::critical;
  finding.remedies = {{RemedyKind::initialise, {}, {{"gain", std::sqrt(2.0)}}, {}}};
  const Advice advice = check_advice(config, data, {finding}, {.search_further = false});
  ASSERT_FALSE(advice.dropped.empty());
  EXPECT_EQ(advice.dropped.front().check, AdviceCheck::no_op);
  for (const CheckedChange& change : advice.changes) {
    EXPECT_NE(change.prescription.rewrite->id, "initialise");
  }
}

TEST(AdviceTest, RemediesFollowTheChecks) {
  const TrainConfig config = sick_trainings()[0].config;
  CureData data(config);
  const std::vector<Finding> findings = found(config);
  const Advice advice = check_advice(config, data, findings);
  const std::vector<Finding> checked = with_checked_remedies(findings, advice);
  ASSERT_EQ(checked.size(), findings.size());
  const auto first = std::find_if(advice.changes.begin(), advice.changes.end(),
                                  [](const auto& c) { return c.prescription.finding == 0; });
  ASSERT_NE(first, advice.changes.end());
  EXPECT_EQ(checked[0].remedies.front().kind,
            findings[0].remedies[*first->prescription.remedy].kind);
  EXPECT_EQ(checked[0].remedies.front().predicted_log2_reach, first->log2_reach);
  EXPECT_LE(checked[0].remedies.size(), findings[0].remedies.size());
}

// The verdict ends in what the list below it names first, or says that nothing helped.
TEST(AdviceTest, TheVerdictNamesFirstWhatTheCheckNamesFirst) {
  TrainConfig config = glyphs("flatten > 3 x [dense 24 > relu] > dense 10 > relu");
  config.init = "normal:0.02";
  const plumb::Run run = train(config);
  Diagnosis diagnosis(run);
  CureData data(config);
  Advice advice = check_advice(config, data, diagnosis.findings());
  ASSERT_NE(advice.first(), nullptr);
  const auto verdict_with = [&](const Advice& given) {
    std::vector<Finding> findings = with_checked_remedies(diagnosis.findings(), given);
    std::string sentence = first_advice(run.info, findings, given);
    diagnosis.prescribe(std::move(findings), std::move(sentence));
    return verdict(diagnosis);
  };
  advice.changes.front().prescription.finding.reset();
  advice.changes.front().prescription.remedy.reset();
  const std::string other = verdict_with(advice);
  EXPECT_NE(other.find("First thing to try: " + change_text(advice.changes.front().changes[0])),
            std::string::npos)
      << other;
  for (CheckedChange& change : advice.changes) change.check = AdviceCheck::no_effect;
  const std::string none = verdict_with(advice);
  EXPECT_NE(none.find("neither that nor any other of"), std::string::npos) << none;
}

// What kills every unit in its first steps is a rate that is too high, however short they are: a
// rate that could not be measured is named before a warm-up that nobody tried.
TEST(AdviceTest, ARateThatWasNotMeasuredKeepsItsPlace) {
  Finding finding;
  finding.rule = "update_too_large";
  finding.severity = Severity::critical;
  finding.remedies = {{RemedyKind::lower_rate, {}, {}, {}}, {RemedyKind::warm_up, {}, {}, {}}};
  TrainConfig config = sick_trainings()[0].config;
  config.learning_rate = 3;
  CureData data(config);
  const Advice advice =
      check_advice(config, data, {finding}, {.budget_s = 0, .search_further = false});
  ASSERT_FALSE(advice.changes.empty());
  EXPECT_EQ(advice.changes.front().prescription.rewrite->id, "warm_up");
  const auto remedies = with_checked_remedies({finding}, advice).front().remedies;
  ASSERT_EQ(remedies.size(), 2u);
  EXPECT_EQ(remedies[0].kind, RemedyKind::lower_rate);
  std::swap(finding.remedies[0], finding.remedies[1]);
  const Advice other =
      check_advice(config, data, {finding}, {.budget_s = 0, .search_further = false});
  EXPECT_EQ(with_checked_remedies({finding}, other).front().remedies[0].kind, RemedyKind::warm_up);
}

// The words above the advice name remedies: where none of them did, the advice says so.
TEST(AdviceTest, SaysThatWhatIsNamedDidNotHelp) {
  const Prescription named{find_rewrite("bare_output"), {}, 0, 0};
  const Prescription found_by_search{find_rewrite("initialise"), {}, {}, {}};
  Advice advice;
  advice.steps = 300;
  advice.loss = 0.6;
  advice.changes.resize(2);
  advice.changes[0].prescription = found_by_search;
  advice.changes[0].check = AdviceCheck::helps;
  advice.changes[1].prescription = named;
  advice.changes[1].check = AdviceCheck::no_effect;
  EXPECT_EQ(advice_lines(advice, "").front().find("named above"), std::string::npos);
  std::swap(advice.changes[0].prescription, advice.changes[1].prescription);
  advice.changes.erase(advice.changes.begin());
  EXPECT_EQ(advice_lines(advice, "").front().find("named above"), std::string::npos);
  advice.changes[0].prescription = named;
  EXPECT_NE(advice_lines(advice, "").front().find("named above"), std::string::npos);
}

TEST(AdviceTest, WithoutDataItIsPredicted) {
  const TrainConfig config = sick_trainings()[0].config;
  const Advice advice = predict_advice(config, found(config));
  EXPECT_EQ(advice.steps, 0);
  ASSERT_NE(advice.first(), nullptr);
  for (const CheckedChange& change : advice.changes) {
    EXPECT_EQ(change.check, AdviceCheck::not_tried);
    EXPECT_FALSE(is_no_op(config, change.config));
    EXPECT_NE(change.prescription.rewrite->id, "set_rate");
  }
  EXPECT_EQ(advice_lines(advice, "the data are gone").front(),
            "Advice, predicted, not checked (the data are gone):");
}

// Recorded runs of all rules: their remedies, put on a network of the same kind.
TEST(AdviceTest, NoRecordedSicknessGetsANoOp) {
  TrainConfig config = glyphs("flatten > 4 x [dense 24 > relu] > dense 10");
  config.init = "he_normal";
  config.bias_init = "zeros";
  for (const auto& [name, run] : test::sick_runs()) {
    const Advice advice = predict_advice(config, diagnose(run));
    for (const CheckedChange& change : advice.changes) {
      EXPECT_FALSE(is_no_op(config, change.config)) << name;
    }
  }
}

}  // namespace
}  // namespace plumb
