// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

// What is found does not depend on how often one looks.
std::vector<Case> any_schedule() {
  const std::string images = kHe + " --data glyphs?n=2000 --batch 64 --epochs 6";
  const std::string adam = kHe + kShort + kAdam;
  return {
      {"B1_units_die", "flatten > 3 x [dense 64 > relu] > dense 10", images + " --lr 3"},
      {"B_units_die_by_adam",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --optimiser adam --lr 0.5",
       {},
       made(line, 0)},
      {"B_images_at_a_rate_of_1", "flatten > 3 x [dense 64 > relu] > dense 10", images + " --lr 1"},
      {"B_adam_at_a_tenth",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --optimiser adam --lr 0.1",
       {},
       made(line, 0)},
      {"B_momentum_at_a_high_rate",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --lr 0.3 --momentum 0.9",
       {},
       made(line, 0)},
      {"B_slowed", "30 x [dense 64 > gelu] > dense 4", adam, {}, made(line, 0)},
      {"B_saturated",
       "4 x [dense 64 > tanh] > dense 4",
       kShort + " --init glorot_normal --gain 10 --lr 0.05",
       {},
       made(line, 0)},
      {"B_eps", "4 x [dense 64 > relu] > dense 4", adam + " --eps 10", {}, made(line, 0)},
      {"B_vanishing",
       "20 x [dense 64 > sigmoid] > dense 4",
       kShort + " --lr 0.05",
       {},
       made(line, 0)},
      {"B_exploding",
       "30 x [dense 64 > relu] > dense 4",
       kShort + " --lr 1e-4 --init he_normal --gain 2",
       {},
       made(line, 0)},
      {"B_equal_start",
       "3 x [dense 32 > tanh] > dense 4",
       kShort + " --lr 0.1 --init constant:0.1 --bias-init zeros",
       {},
       made(line, 0)},
      {"B_clipped",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --lr 0.05 --clip-norm 1e-6",
       {},
       made(line, 0)},
      {"B_rate_too_low",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --lr 1e-7",
       {},
       made(line, 0)},
      {"B_decay",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kShort + " --lr 0.1 --weight-decay 0.5",
       {},
       made(line, 0)},
      {"B_small_batches_die",
       "3 x [dense 64 > relu] > dense 4",
       kHe + " --batch 8 --steps 300 --lr 2",
       {},
       made(line, 1)},
      {"B_healthy", "4 x [dense 64 > relu] > dense 4", adam, {}, made(line, 0)},
      {"B_healthy_small_batches",
       "4 x [dense 64 > relu] > dense 4",
       kHe + kAdam + " --batch 8 --steps 300",
       {},
       made(line, 0)},
      {"B_healthy_converged",
       "2 x [dense 64 > relu] > dense 2",
       kHe + " --batch 64 --steps 600 --lr 0.1 --momentum 0.9",
       {},
       made(easy, 0)},
  };
}

/// Rule and cause of a finding. The large steps that kill units may all lie between two measured
/// ones: what they left says the same.
std::string root_text(const Finding& finding) {
  const bool by_steps =
      finding.cause.kind == CauseKind::died_in_training ||
      (finding.rule == "update_too_large" && finding.cause.kind == CauseKind::learning_rate);
  if (by_steps) return "steps that are too large";
  return finding.rule + " by " + std::string(to_string(finding.cause.kind));
}

/// Of what is above a note and follows from nothing.
std::vector<std::string> roots(const CaseRun& run) {
  std::vector<std::string> texts;
  for (const Finding& finding : run.diagnosis().findings()) {
    if (finding.is_explained() || finding.severity == Severity::note) continue;
    texts.push_back(root_text(finding));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

/// What a user is told first: the disease, its cause, and what to try.
std::string first(const CaseRun& run) {
  const std::vector<Finding>& findings = run.diagnosis().findings();
  if (findings.empty() || findings.front().severity == Severity::note) return "nothing";
  const Finding& one = findings.front();
  std::string text = one.rule + " by " + std::string(to_string(one.cause.kind));
  if (!one.remedies.empty()) text += ": " + std::string(to_string(one.remedies.front().kind));
  return text;
}

class AnySchedule : public testing::TestWithParam<Case> {};

TEST_P(AnySchedule, HasTheSameFindings) {
  const CaseRun usual(GetParam());
  for (const char* record : {"every=1", "every=10", "every=50"}) {
    Case other = GetParam();
    other.flags += " --record " + std::string(record);
    const CaseRun run(other);
    SCOPED_TRACE(std::string(record) + "\n" + run.told() + "log\n" + usual.told());
    EXPECT_EQ(to_string(run.diagnosis().outcome()), to_string(usual.diagnosis().outcome()));
    EXPECT_EQ(first(run), first(usual));
    EXPECT_EQ(roots(run), roots(usual));
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnySchedule, testing::ValuesIn(any_schedule()),
                         [](const testing::TestParamInfo<Case>& one) { return one.param.name; });

TEST(AnyScheduleTest, B1DeadUnitsAreFound) {
  for (const char* record : {"log", "every=1", "every=10"}) {
    const CaseRun run(
        {"B1", "flatten > 3 x [dense 64 > relu] > dense 10",
         kHe + " --data glyphs?n=2000 --batch 64 --epochs 3 --lr 3 --record " + record});
    const auto& findings = run.diagnosis().findings();
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                            [](const Finding& one) {
                              return one.rule == "dead_units" &&
                                     one.cause.kind == CauseKind::died_in_training;
                            }))
        << record << "\n"
        << run.told();
  }
}

}  // namespace
}  // namespace plumb::test
