// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace plumb {
namespace {

/// With these scores in the proof.
CureReport not_proven(const std::vector<double>& untreated, const std::vector<double>& cured) {
  CureReport report;
  report.ending = CureEnding::not_proven;
  report.constant_score = 0.1;
  report.over_untreated = paired_difference(cured, untreated);
  return report;
}

TEST(CureWordsTest, WhatTooFewSeedsCannotProveSaysHowManyWould) {
  const std::string text = ending_text(not_proven({0.2, 0.3, 0.2}, {0.5, 0.4, 0.9}));
  EXPECT_NE(text.find("36.7 points better in the mean of 3 seeds"), std::string::npos) << text;
  EXPECT_NE(text.find("--proof-seeds 6"), std::string::npos) << text;
  const std::string wide = ending_text(not_proven({0.2, 0.9, 0.2}, {0.9, 0.2, 0.4}));
  EXPECT_NE(wide.find("16 would not do either"), std::string::npos) << wide;
}

bool says(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != line.npos; });
}

TEST(CureWordsTest, SaysWhatIsWrongBeforeWhatCouldHelp) {
  CureReport report;
  report.ending = CureEnding::predicted;
  report.info.layers.resize(1);
  Finding note, warning;
  note.rule = "tiny_batch";
  note.severity = Severity::note;
  warning.rule = "not_learning";
  warning.severity = Severity::warning;
  report.findings = {note, warning};
  EXPECT_TRUE(says(cure_lines(report), "Not learning: "));
  EXPECT_FALSE(says(cure_lines(report), "Tiny batch"));
}

TEST(CureWordsTest, WhatWasInterruptedStillHasItsBest) {
  CureReport report;
  report.ending = CureEnding::interrupted;
  CureCandidate best;
  best.change.prescription.rewrite = find_rewrite("initialise");
  best.change.config.network = "dense 7";
  report.candidates = {best};
  EXPECT_FALSE(says(cure_lines(report), "The best so far"));
  report.winner = 0;
  EXPECT_TRUE(says(cure_lines(report), "The best so far, not proven"));
  EXPECT_TRUE(says(cure_lines(report), "plumb train 'dense 7'"));
}

}  // namespace
}  // namespace plumb
