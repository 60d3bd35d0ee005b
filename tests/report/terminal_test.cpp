// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal.h"

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "plumb/diagnose/rule.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/text.h"
#include "tests/report/sample_runs.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<plumb::Run> samples() {
  return {test::sick_run(), test::healthy_run(), test::probe_run(), test::deep_run(),
          test::nasty_run()};
}

TEST(TerminalTest, NoLineIsWiderThanAsked) {
  for (const plumb::Run& run : samples()) {
    for (const int width : {60, 69, 70, 80, 100, 200}) {
      for (const bool unicode : {false, true}) {
        const std::string text = render_table(run, {.width = width, .unicode = unicode});
        for (const auto& line : lines_of(text)) EXPECT_LE(display_width(line), width) << line;
      }
    }
  }
}

TEST(TerminalTest, LinesEndWithoutSpaces) {
  for (const auto& line : lines_of(render_table(test::sick_run()))) {
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
  }
}

TEST(TerminalTest, WithoutColourThereIsNoEscapeCodeEvenFromLabels) {
  for (const plumb::Run& run : samples())
    EXPECT_EQ(render_table(run).find('\x1b'), std::string::npos);
}

TEST(TerminalTest, ColourAddsCodesAndNothingElse) {
  const plumb::Run run = test::sick_run();
  std::string coloured = render_table(run, {.colour = true});
  EXPECT_NE(coloured.find("\x1b["), std::string::npos);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  const auto strip = [](const std::string& text) {
    std::string result;
    for (const auto& line : lines_of(text))
      result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    return result;
  };
  EXPECT_EQ(strip(coloured), render_table(run));
}

TEST(TerminalTest, AsciiOptionIsAscii) {
  for (const plumb::Run& run : samples()) {
    const std::string text = render_table(run, {.unicode = false});
    EXPECT_TRUE(
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' || c == '\n'; }));
  }
}

TEST(TerminalTest, OpensWithNetworkAndVerdict) {
  const plumb::Run run = test::sick_run();
  const auto lines = lines_of(render_table(run));
  EXPECT_EQ(lines[0], "30 x [dense 32 > sigmoid] > dense 4");
  EXPECT_EQ(lines[3].substr(0, 8), "CRITICAL");
  EXPECT_EQ(lines_of(render_table(test::healthy_run()))[3].substr(0, 7), "HEALTHY");
}

TEST(TerminalTest, PrintsMagnitudesBelowTheRangeOfADouble) {
  // 1999 layers below the loss side at 2 bits each: 2^-3998 = 3.03e-1204.
  EXPECT_NE(render_table(test::deep_run()).find("   1 dense 8     3.0e-1204 "), std::string::npos);
}

TEST(TerminalTest, ShortensADeepNetworkAndSaysSo) {
  const std::string text = render_table(test::deep_run(), {.max_layers = 10});
  EXPECT_NE(text.find("10 of 2000 layers"), std::string::npos);
  EXPECT_NE(text.find("\n   1 "), std::string::npos);
  EXPECT_NE(text.find("\n2000 "), std::string::npos);
}

/// The lines of the ledger: their decades and the text behind them.
std::vector<std::pair<double, std::string>> ledger_lines(const std::string& text) {
  std::vector<std::pair<double, std::string>> lines;
  for (const auto& line : lines_of(text)) {
    const std::size_t at = line.find(" decades ");
    if (at == std::string::npos) continue;
    lines.emplace_back(std::atof(line.substr(at - 8, 8).c_str()), line.substr(at + 9));
  }
  return lines;
}

TEST(TerminalTest, CausesAddUpToTheTotal) {
  const plumb::Run run = test::sick_run();
  const std::string text = render_table(run);
  EXPECT_NE(text.find("activation derivative"), std::string::npos);
  double sum = 0;
  for (const auto& [decades, rest] : ledger_lines(text)) sum += decades;
  const Ledger ledger = make_ledger(run.info, *run.measured().back());
  EXPECT_NEAR(sum, ledger.total * std::log10(2.0), 0.03);
}

TEST(TerminalTest, AHundredthOfAPowerOfTenHasAShortBar) {
  // One dense layer whose books hold 0.05 decades of gain and nothing else.
  plumb::Run run = test::flat_run(2, 8, "identity", 1);
  for (auto& record : run.steps.front().sketches) {
    if (record.site == Site::layer(1, Role::grad_a)) record.sketch = test::sketch_with_rms(-0.17);
  }
  for (const auto& [decades, rest] : ledger_lines(render_table(run, {.unicode = false}))) {
    const auto marks = std::count(rest.begin(), rest.end(), '#');
    EXPECT_LE(static_cast<double>(marks), 1 + 32 * std::abs(decades)) << decades << " " << rest;
  }
}

/// The text as one line, whatever its width broke.
std::string flat(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!result.empty() && result.back() != ' ')) result += space ? ' ' : c;
  }
  return result;
}

TEST(TerminalTest, ShowsEveryFindingWithItsRemedies) {
  const plumb::Run run = test::time_run();
  const Diagnosis diagnosis(run);
  const std::vector<Finding>& findings = diagnosis.findings();
  ASSERT_GE(findings.size(), 1u);
  const std::string text = flat(render_table(run, diagnosis, {.width = 120}));
  for (const Finding& finding : findings) {
    const FindingWords words = words_of(run.info, findings, finding);
    const auto expect = [&](const std::string& part) {
      EXPECT_NE(text.find(flat(part)), std::string::npos) << part;
    };
    expect(finding.rule + " at " + place_text(run.info, finding.place));
    expect(words.symptom);
    expect(words.cause);
    for (const std::string& name : words.evidence_names) expect(name);
    for (const std::string& source : words.evidence_sources) expect(source);
    if (finding.is_explained()) continue;
    expect(words.consequence);
    for (const std::string& remedy : words.remedies) expect(remedy);
  }
}

// The input has no words of its own.
TEST(TerminalTest, AFindingAtTheInputNamesItOnce) {
  plumb::Run run = test::sick_run();
  run.info.data_info.emplace().inputs = {{"", 0, 5000, -9000, 9000}};
  const Diagnosis diagnosis(run);
  const auto at_input = [&](const Finding& finding) {
    return place_text(run.info, finding.place) == "the input";
  };
  ASSERT_TRUE(std::ranges::any_of(diagnosis.findings(), at_input));
  const std::string text = flat(render_table(run, diagnosis, {.width = 120}));
  EXPECT_NE(text.find("the input (path input)"), std::string::npos) << text;
}

TEST(TerminalTest, SaysTheFirstFindingOnce) {
  const plumb::Run run = test::sick_run();
  const Diagnosis diagnosis(run);
  ASSERT_FALSE(diagnosis.findings().empty());
  const std::string text = flat(render_table(run, diagnosis));
  const FindingWords words = words_of(run.info, diagnosis.findings(), diagnosis.findings().front());
  for (const std::string& part : {words.symptom, words.cause, words.consequence}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
    EXPECT_EQ(text.find(part), text.rfind(part)) << part;
  }
}

TEST(TerminalTest, TheVerdictAloneOpensTheTable) {
  const plumb::Run run = test::sick_run();
  const std::string head = render_verdict(run);
  EXPECT_EQ(render_table(run).substr(0, head.size()), head);
  EXPECT_EQ(head.find("dLoss/dz"), std::string::npos);
}

TEST(TerminalTest, MarksNotANumberAndZero) {
  const plumb::Run run = test::nasty_run();
  const std::string text = render_table(run, {.step = run.measured().back()->step});
  EXPECT_NE(text.find("NaN/Inf"), std::string::npos);
  EXPECT_NE(text.find("cut off"), std::string::npos);
}

TEST(TerminalTest, ShowsTheLastStepThatStillHadNumbers) {
  const std::string text = render_table(test::nasty_run());
  EXPECT_NE(text.find("Step 1 (the last finite one)"), std::string::npos);
  EXPECT_EQ(text.find("NaN/Inf"), std::string::npos);
}

TEST(TerminalTest, SaysThatNothingWasMeasured) {
  plumb::Run run = test::healthy_run();
  EXPECT_NE(render_table(run, {.step = 999}).find("Step 999 was not measured"), std::string::npos);
  run.steps.clear();
  EXPECT_NE(render_table(run).find("No step of this run was measured"), std::string::npos);
  EXPECT_NE(render_table(run).find("UNKNOWN"), std::string::npos);
  EXPECT_EQ(render_table(run).find("HEALTHY"), std::string::npos);
}

TEST(TerminalTest, ShowsHowFarBackInTimeTheGradientReaches) {
  const plumb::Run run = test::time_run();
  const std::string text = render_table(run, {.width = 120, .step = 0});
  for (const char* part :
       {"how much gradient reaches each time step", "lstm 16 (path 0), 200 time steps",
        "Over 199 steps the gradient keeps", "It falls by e in 1.44 steps.",
        "Below one percent after 6 steps.", "gate carry", "forget gate", "carry, the direct way",
        "     199    1.0e+0"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(TerminalTest, ThroughTimeFitsItsWidthInPlainAscii) {
  for (const int width : {60, 80, 120}) {
    const std::string text = render_table(test::time_run(), {.width = width, .unicode = false});
    for (const auto& line : lines_of(text)) EXPECT_LE(display_width(line), width) << line;
    for (const char c : text) ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
  }
}

TEST(TerminalTest, ANetworkWithoutRecurrentLayersHasNoTime) {
  EXPECT_EQ(render_table(test::sick_run()).find("time step"), std::string::npos);
}

}  // namespace
}  // namespace plumb
