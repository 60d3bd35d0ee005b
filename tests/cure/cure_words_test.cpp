// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_words.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace plumb
