// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

std::string sentences_of(const std::string& name, const plumb::Run& run) {
  const Diagnosis diagnosis(run);
  std::ostringstream text;
  text << "== " << name << ": " << to_string(diagnosis.outcome()) << "\n"
       << verdict(diagnosis) << "\n";
  for (const Finding& finding : diagnosis.findings()) {
    const FindingWords words = words_of(run.info, diagnosis.findings(), finding);
    text << "-- " << finding.rule << ", " << to_string(finding.severity) << ", at "
         << place_text(run.info, finding.place) << ", steps " << finding.first_step << " to "
         << finding.last_step << "\n"
         << words.symptom << "\n"
         << words.cause << "\n"
         << words.consequence << "\n";
    for (std::size_t i = 0; i < words.evidence_names.size(); ++i) {
      text << "   evidence: " << words.evidence_names[i] << " (" << words.evidence_sources[i]
           << ")\n";
    }
    for (const std::string& remedy : words.remedies) text << "   remedy: " << remedy << "\n";
  }
  return text.str();
}

// All sentences of runs that every rule speaks of, as they were read and found good. A change of
// words is a change of this file: the test leaves the new one where it says.
TEST(SentencesTest, AreThoseOfTheGoldenFile) {
  std::string now;
  for (const auto& [name, run] : test::sick_runs()) {
    // Whose numbers grow out of rounding, or out of a chaos, and differ from compiler to compiler.
    if (name != "equal weights" && name != "large rate") now += sentences_of(name, run);
  }
  std::ifstream file(PLUMB_TEST_DIR "/diagnose/sentences.txt");
  std::stringstream golden;
  golden << file.rdbuf();
  if (golden.str() == now) return;
  const std::string path = testing::TempDir() + "sentences.txt";
  std::ofstream(path) << now;
  FAIL() << "other words than tests/diagnose/sentences.txt; now they are those of " << path;
}

TEST(SentencesTest, EveryRuleSpeaks) {
  std::set<std::string> rules;
  for (const auto& [name, run] : test::sick_runs()) {
    for (const Finding& finding : diagnose(run)) {
      rules.insert(finding.rule);
      EXPECT_TRUE(test::is_complete(run.info, finding)) << name << ": " << finding.rule;
    }
  }
  EXPECT_EQ(rules.size(), rule_table().size());
}

/// A rule that the words of a cause are written for.
std::string rule_with(CauseKind kind) {
  switch (kind) {
    case CauseKind::rank:
    case CauseKind::depth: return "collapsed_signal";
    case CauseKind::output_activation: return "logits_activation";
    case CauseKind::no_activation: return "no_activation";
    case CauseKind::few_outputs: return "missing_outputs";
    case CauseKind::dropout: return "starving_dropout";
    case CauseKind::norm_scale:
    case CauseKind::norm_shift: return "closed_units";
    default: return "stalled_layer";
  }
}

// -Wswitch keeps both complete; here they are kept from saying nothing.
TEST(SentencesTest, EveryCauseAndEveryRemedyHasWords) {
  const plumb::Run run = test::flat_run(3, 16, "relu", 1);
  Finding finding;
  finding.rule = "stalled_layer";
  for (int kind = 0; kind <= static_cast<int>(CauseKind::truncation); ++kind) {
    finding.cause.kind = static_cast<CauseKind>(kind);
    finding.rule = rule_with(finding.cause.kind);
    EXPECT_FALSE(words_of(run.info, {&finding, 1}, finding).cause.empty())
        << to_string(finding.cause.kind);
  }
  for (int kind = 0; kind <= static_cast<int>(RemedyKind::none_needed); ++kind) {
    finding.remedies.push_back({static_cast<RemedyKind>(kind), {}, {}, {}});
  }
  const FindingWords words = words_of(run.info, {&finding, 1}, finding);
  std::set<std::string> different(words.remedies.begin(), words.remedies.end());
  EXPECT_EQ(different.size(), finding.remedies.size());
  EXPECT_FALSE(different.contains(""));
}

}  // namespace
}  // namespace plumb
