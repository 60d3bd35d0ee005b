// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/logits_activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

/// A chain that ends in `kind` before `loss`.
plumb::Run run_with(const std::string& kind, const std::string& loss, std::int64_t units = 10) {
  plumb::Run run = test::flat_run(3, units, "relu", 2);
  run.info.loss = loss;
  LayerInfo last = test::activation_info("5", kind, 3, units);
  last.inputs = {{test::id_of(run.info, "4")}};
  run.info.layers.push_back(last);
  return run;
}

std::vector<Finding> found(const plumb::Run& run) {
  return test::findings_of(check_logits_activation, run);
}

TEST(LogitsActivationTest, ASigmoidBeforeLogitsHasALowestLoss) {
  auto run = run_with("sigmoid", "cross_entropy");
  run.info.data_info = test::data_of(100, {}, {}, std::vector<std::int64_t>(10, 10));
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(test::path_at(run.info, findings[0].place), "5");
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::drop_activation);
  // One logit of 1 among nine of 0.
  EXPECT_NEAR(test::value_of(findings[0], Quantity::loss_floor), std::log(1 + 9 / std::exp(1.0)),
              1e-12);
}

TEST(LogitsActivationTest, TwoSigmoidsAreFoundByTheirLowestLoss) {
  auto run = run_with("sigmoid", "binary_cross_entropy", 1);
  run.info.data_info = test::data_of(100, {}, {{"y", 0.25, 0.433, 0, 1}}, {});
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::loss_floor),
              0.25 * std::log(1 + std::exp(-1.0)) + 0.75 * std::log(2.0), 1e-12);
}

TEST(LogitsActivationTest, AReluAndATanhBeforeLogitsAreFoundToo) {
  EXPECT_EQ(found(run_with("relu", "cross_entropy"))[0].severity, Severity::critical);
  ASSERT_EQ(found(run_with("tanh", "cross_entropy")).size(), 1u);
}

TEST(LogitsActivationTest, ASoftmaxIsKnownByItsFunction) {
  auto run = run_with("sigmoid", "cross_entropy", 4);
  LayerInfo& last = run.info.layers.back();
  last.family = LayerFamily::other;
  last.traits.reset();
  last.function.clear();
  EXPECT_TRUE(found(run).empty()) << "nothing is known of what it gives";
  last.function = last.kind = "softmax";
  const auto findings = found(run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(
      test::contains(words_of(run.info, findings, findings[0]).symptom, "A softmax stands"));
}

TEST(LogitsActivationTest, SilentWhereTheOutputCanSayWhatIsAsked) {
  EXPECT_TRUE(found(run_with("sigmoid", "mse", 1)).empty());
  EXPECT_TRUE(found(run_with("identity", "cross_entropy")).empty());
  auto plain = test::flat_run(3, 16, "relu", 2);
  plain.info.loss = "cross_entropy";
  EXPECT_TRUE(found(plain).empty());
  EXPECT_TRUE(found(run_with("sigmoid", "somebody's own loss")).empty());
}

}  // namespace
}  // namespace plumb
