// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/odd_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/flow_finding.h"
#include "plumb/diagnose/rules/exploding_gradient.h"
#include "plumb/diagnose/rules/odd_layer.h"
#include "plumb/diagnose/rules/vanishing_gradient.h"
#include "tests/diagnose/odd_runs.h"
#include "tests/diagnose/rule_test.h"

namespace plumb {
namespace {

std::vector<OddLayer> odd_of(const plumb::Run& run) {
  const RunView view(run);
  return view.measured().front().odd;
}

TEST(OddLayersTest, NoneInANetworkOfOneKind) {
  EXPECT_TRUE(odd_of(test::run_with_odd({})).empty());
  // All of them wrong alike is not one of them.
  for (const OddLayer& one : odd_of(test::run_with_odd({}, "sigmoid", 1)))
    ADD_FAILURE() << one.layer << " " << to_string(one.kind) << " " << one.log2;
  EXPECT_TRUE(odd_of(test::run_with_odd({}, "relu", 0.5)).empty());
}

TEST(OddLayersTest, TheOneThatIsOffHasItsFactor) {
  for (const double factor : {500.0, 1.0 / 500}) {
    const plumb::Run run = test::run_with_odd({{4, factor}});
    const auto odd = odd_of(run);
    ASSERT_EQ(odd.size(), 1u) << factor;
    EXPECT_EQ(run.info.layer(odd[0].layer).depth, 5);
    EXPECT_EQ(odd[0].kind, CauseKind::odd_weight);
    EXPECT_NEAR(odd[0].log2, std::log2(factor), 0.3);
    EXPECT_NEAR(odd[0].own - odd[0].usual, std::log2(factor), 0.3);
    EXPECT_NEAR(odd[0].usual, 0.5, 0.1);
    EXPECT_TRUE(odd[0].on_chain);
  }
}

TEST(OddLayersTest, AnyOfThemCanBeTheOne) {
  for (std::size_t dense = 1; dense <= 8; ++dense) {
    const plumb::Run run = test::run_with_odd({{dense, 200}});
    const auto odd = odd_of(run);
    ASSERT_EQ(odd.size(), 1u) << dense;
    EXPECT_EQ(run.info.layer(odd[0].layer).depth, static_cast<int>(dense) + 1);
    EXPECT_EQ(odd[0].kind, CauseKind::odd_weight);
    EXPECT_EQ(odd[0].alike, 8u) << "of nine";
    EXPECT_TRUE(odd[0].is_far);
    EXPECT_TRUE(odd[0].on_chain) << "by what crosses it, not by its size alone";
  }
}

TEST(OddLayersTest, AFactorOfThreeIsNotOff) {
  EXPECT_TRUE(odd_of(test::run_with_odd({{4, 3}})).empty());
}

TEST(OddLayersTest, AFewLayersHaveNoMiddle) {
  test::MiniSpec spec;
  spec.depth = 2;
  EXPECT_TRUE(odd_of(test::run_mini_net(spec)).empty());
}

TEST(OddLayersTest, EachIsAFindingOfTheFlowAtItsPlace) {
  const plumb::Run run = test::run_with_odd({{2, 200}, {6, 400}});
  const auto findings = test::findings_of(check_exploding_gradient, run);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(run.info.layer(findings[0].place.id).depth, 7);
  EXPECT_EQ(run.info.layer(findings[1].place.id).depth, 3);
  for (const Finding& finding : findings) {
    EXPECT_TRUE(test::is_complete(run.info, finding));
    EXPECT_EQ(finding.cause.kind, CauseKind::odd_weight);
    EXPECT_EQ(test::first_remedy(finding), RemedyKind::like_others);
  }
  std::vector<Finding> after = findings;
  check_odd_layer(RunView(run), after);
  EXPECT_EQ(after.size(), 2u);  // nothing is said twice
}

// Those on the chain that do most of the flow, and in its direction.
TEST(OddLayersTest, AtFaultIsWhatDoesMostOfAFlowThatIsKnown) {
  MeasuredStep step;
  step.flow.known = true;
  step.flow.log2_total = -10;
  step.odd = {{.layer = 3, .log2 = -4, .on_chain = true},
              {.layer = 5, .log2 = -2.5, .on_chain = true},
              {.layer = 7, .log2 = 4, .on_chain = true},
              {.layer = 9, .log2 = -4}};
  const auto faults = layers_at_fault(step);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].layer, 3);
  EXPECT_EQ(faults[1].layer, 5);
  step.flow.known = false;
  EXPECT_TRUE(layers_at_fault(step).empty());
  step.flow.known = true;
  step.flow.log2_total = -11;  // 6.5 of it are less than six tenths
  EXPECT_TRUE(layers_at_fault(step).empty());
  step.flow.log2_total = -std::numeric_limits<double>::infinity();
  EXPECT_TRUE(layers_at_fault(step).empty());
}

TEST(OddLayersTest, ManyThatAreOffAreNotOne) {
  // All layers pass on too little, one a bit less: the depth is to blame.
  const plumb::Run run = test::run_with_odd({{4, 0.25}}, "relu", 0.5);
  const auto findings = test::findings_of(check_vanishing_gradient, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::weight_scale);
}

TEST(OddLayersTest, WhatTheDepthDoesNotShowHasARuleOfItsOwn) {
  // The first layer, and two that make up for each other.
  for (const auto& factors :
       {std::vector<std::pair<std::size_t, double>>{{0, 500}},
        std::vector<std::pair<std::size_t, double>>{{2, 300}, {5, 1.0 / 300}}}) {
    const plumb::Run run = test::run_with_odd(factors);
    EXPECT_TRUE(test::findings_of(check_exploding_gradient, run).empty());
    const auto findings = test::findings_of(check_odd_layer, run);
    ASSERT_EQ(findings.size(), factors.size());
    for (std::size_t i = 0; i < findings.size(); ++i) {
      EXPECT_TRUE(test::is_complete(run.info, findings[i]));
      EXPECT_EQ(run.info.layer(findings[i].place.id).depth, factors[i].first + 1);
    }
  }
}

// One that is thirty times too large is named where it tears the training, and not by itself.
TEST(OddLayersTest, ALesserOneIsNamedWhereTheStepsAreTooLarge) {
  const plumb::Run run = test::run_with_odd({{0, 30}});
  EXPECT_TRUE(test::findings_of(check_odd_layer, run).empty());
  for (const char* const rule : {"update_too_large", "non_finite"}) {
    Finding torn;
    torn.rule = rule;
    torn.severity = Severity::warning;
    torn.place = Place::layer(test::id_of(run.info, "0"));
    std::vector<Finding> findings{torn};
    check_odd_layer(RunView(run), findings);
    ASSERT_EQ(findings.size(), 2u) << rule;
    EXPECT_EQ(run.info.layer(findings[1].place.id).depth, 1);
    EXPECT_TRUE(test::is_complete(run.info, findings[1]));
    findings = {torn};
    findings[0].severity = Severity::note;
    check_odd_layer(RunView(run), findings);
    EXPECT_EQ(findings.size(), 1u) << rule;
  }
}

}  // namespace
}  // namespace plumb
