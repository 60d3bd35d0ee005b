// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/diagnose/shown_numbers.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

TEST(NumbersTest, EveryNumberOfASentenceIsOneThatIsShownWithIt) {
  for (const auto& [name, run] : test::sick_runs()) {
    const Diagnosis diagnosis(run);
    const test::ShownNumbers shown(diagnosis);
    for (const std::string& words : test::sentences_of(diagnosis)) {
      for (const std::string& number : test::numbers_not_shown(words, shown)) {
        ADD_FAILURE() << name << ": " << number << " in\n" << words;
      }
    }
  }
}

/// So that no rule's words go unread.
TEST(NumbersTest, EveryRuleSpeaksInSomeRun) {
  std::set<std::string> silent;
  for (const RuleEntry& rule : rule_table()) silent.insert(std::string(rule.id));
  for (const auto& [name, run] : test::sick_runs()) {
    for (const Finding& finding : diagnose(run)) silent.erase(finding.rule);
  }
  for (const std::string& rule : silent) ADD_FAILURE() << rule << " is in no run of sick_runs.h";
}

}  // namespace
}  // namespace plumb
