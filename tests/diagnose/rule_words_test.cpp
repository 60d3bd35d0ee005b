// SPDX-License-Identifier: Apache-2.0
// What is not so must fail, whatever word says it.
#include "tests/diagnose/rule_words.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "plumb/diagnose/rules/dead_units.h"
#include "tests/support/run_builder.h"

namespace plumb::test {
namespace {

/// 71 of the 100 units of layer "3" are silent from the start.
On sick() {
  plumb::Run run = flat_run(4, 100, "relu", 4);
  for (StepRecord& step : run.steps) step.activations[1].dead_units = 71;
  return on(run);
}
On healthy() { return on(flat_run(4, 100, "relu", 4)); }

Found found() {
  static const On one = sick();
  return one.finds(check_dead_units);
}

TEST(RuleWordsTest, WhatIsSoPasses) {
  healthy().is_silent(check_dead_units);
  found()
      .at_layer("3")
      .in_steps(0, 3)
      .from_step(0)
      .has(Quantity::dead_units, 71)
      .has_less_than(Quantity::dead_units, 72)
      .has_more_than(Quantity::dead_units, 70)
      .beyond(0.7, 1e-12)
      .because(CauseKind::silent_from_start)
      .not_because(CauseKind::died_in_training)
      .advises(RemedyKind::set_bias);
}

TEST(RuleWordsTest, ARuleThatSaysSomethingElseFails) {
  EXPECT_NONFATAL_FAILURE(sick().is_silent(check_dead_units), "dead_units is found");
  EXPECT_NONFATAL_FAILURE(healthy().finds(check_dead_units), "0 findings");
}

TEST(RuleWordsTest, AWordThatIsNotSoFails) {
  EXPECT_NONFATAL_FAILURE(found().at_layer("1"), "at layer \"3\"");
  EXPECT_NONFATAL_FAILURE(found().is(Severity::note), "of another severity");
  EXPECT_NONFATAL_FAILURE(found().in_steps(0, 2), "in steps 0 to 3");
  EXPECT_NONFATAL_FAILURE(found().from_step(1), "in steps 0 to 3");
  EXPECT_NONFATAL_FAILURE(found().is_over(), "not over");
  EXPECT_NONFATAL_FAILURE(found().because(CauseKind::died_in_training), "for another cause");
  EXPECT_NONFATAL_FAILURE(found().not_because(CauseKind::silent_from_start), "that very cause");
  EXPECT_NONFATAL_FAILURE(found().by_share(7, 0.1), "a cause of share");
  EXPECT_NONFATAL_FAILURE(found().measures(7), "evidence of 0.71");
  EXPECT_NONFATAL_FAILURE(found().beyond(0.6, 0.05), "a threshold of 0.7");
  EXPECT_NONFATAL_FAILURE(found().has(Quantity::dead_units, 70), "71.0");
  EXPECT_NONFATAL_FAILURE(found().has(Quantity::memory_steps, 70), "nan");
  EXPECT_NONFATAL_FAILURE(found().has_less_than(Quantity::dead_units, 71), "71.0");
  EXPECT_NONFATAL_FAILURE(found().has_more_than(Quantity::dead_units, 71), "71.0");
  EXPECT_NONFATAL_FAILURE(found().advises(RemedyKind::lower_rate), "another first remedy");
  EXPECT_NONFATAL_FAILURE(found().with("gain", 1), "gain nan");
  EXPECT_NONFATAL_FAILURE(found().with("scheme", "he_normal"), "another scheme");
  EXPECT_NONFATAL_FAILURE(found().says("no such words"), "is found with");
}

}  // namespace
}  // namespace plumb::test
