// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal_compare.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "plumb/report/text.h"
#include "tests/report/sample_runs.h"

namespace plumb {
namespace {

std::vector<DiagnosedRun> named(const Diagnoses& diagnoses) {
  std::vector<DiagnosedRun> runs(diagnoses.all().begin(), diagnoses.all().end());
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].file = "run" + std::to_string(i) + ".plumb";
  return runs;
}

TEST(TerminalCompareTest, NamesEachRunByLetterAndFile) {
  const std::array<plumb::Run, 3> runs{test::sick_run(), test::healthy_run(), test::sick_run()};
  const Diagnoses diagnoses(runs);
  const std::string text = render_comparison(named(diagnoses), 0);
  for (const char* part : {"A  run0.plumb", "B  run1.plumb", "C  run2.plumb"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(TerminalCompareTest, ShowsTheSettingsThatDifferAndNoOther) {
  std::array<plumb::Run, 2> runs{test::sick_run(), test::sick_run()};
  runs[0].info.settings = {{"lr", "0.1"}, {"init", "pytorch"}, {"weights", ""}};
  runs[1].info.settings = {{"lr", "0.3"}, {"init", "pytorch"}, {"clip-norm", "1"}};
  const Diagnoses diagnoses(runs);
  const std::string text = render_comparison(named(diagnoses), 0);
  EXPECT_NE(text.find("\nlr "), std::string::npos) << text;
  EXPECT_EQ(text.find("\ninit "), std::string::npos) << text;
  EXPECT_NE(text.find("(empty)"), std::string::npos) << text;
}

TEST(TerminalCompareTest, TheLossIsThatOfTheVerdict) {
  const std::array<plumb::Run, 2> runs{test::healthy_run(), test::sick_run()};
  const Diagnoses diagnoses(runs);
  const Learning learning = diagnoses.all()[0].diagnosis->view().learning();
  ASSERT_TRUE(learning.known);
  const std::string text = render_comparison(named(diagnoses), 1);
  const std::size_t at = text.find("\nloss at the end ");
  ASSERT_NE(at, std::string::npos) << text;
  const double shown = std::stod(text.substr(at + std::string("\nloss at the end ").size()));
  EXPECT_NEAR(shown, learning.at_last, 0.01 * learning.at_last);
}

TEST(TerminalCompareTest, EqualSettingsAreOneSentence) {
  const std::array<plumb::Run, 2> runs{test::sick_run(), test::sick_run()};
  const Diagnoses diagnoses(runs);
  EXPECT_NE(render_comparison(named(diagnoses), 0).find("All settings are equal."),
            std::string::npos);
}

TEST(TerminalCompareTest, EveryLineFitsAndEightRunsHaveRoom) {
  std::vector<plumb::Run> runs(8, test::sick_run());
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].info.settings = {{"lr", std::to_string(i)}};
  const Diagnoses diagnoses(runs);
  for (const int width : {60, 80, 200}) {
    std::istringstream lines(render_comparison(named(diagnoses), 3, {.width = width}));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), width) << line;
    }
  }
}

/// What stands in the row of that name, from its first cell on.
std::string row_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name);
  if (at == std::string::npos) return "";
  const std::size_t from = at + 1 + name.size();
  return text.substr(from, text.find('\n', from) - from);
}

TEST(TerminalCompareTest, HalvesAreRoundedAsOnThePage) {
  std::array<plumb::Run, 3> runs{test::healthy_run(), test::healthy_run(), test::healthy_run()};
  const std::array<double, 3> accuracy{0.5, 0.625, 0.375}, loss{2, 2.125, 1.875};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].steps.back().validation_accuracy = accuracy[i];
    runs[i].steps.back().validation_loss = loss[i];
  }
  const Diagnoses diagnoses(runs);
  const std::string text = render_comparison(named(diagnoses), 0, {.width = 120});
  const std::string right = row_of(text, "validation accuracy");
  EXPECT_NE(right.find("63% (+13 points)"), std::string::npos) << text;
  EXPECT_NE(right.find("38% (-13 points)"), std::string::npos) << text;
  const std::string losses = row_of(text, "validation loss");
  EXPECT_NE(losses.find("2.13 (+0.13)"), std::string::npos) << text;
  EXPECT_NE(losses.find("1.88 (-0.13)"), std::string::npos) << text;
}

TEST(TerminalCompareTest, ADifferenceOfNothingIsLeftOut) {
  const std::array<plumb::Run, 2> runs{test::healthy_run(), test::healthy_run()};
  const Diagnoses diagnoses(runs);
  const std::string text = render_comparison(named(diagnoses), 0);
  EXPECT_EQ(row_of(text, "loss at the end").find('('), std::string::npos) << text;
  EXPECT_EQ(row_of(text, "accuracy, last batch").find('('), std::string::npos) << text;
}

TEST(TerminalCompareTest, TheGradientIsANormAtAStep) {
  const std::array<plumb::Run, 2> runs{test::healthy_run(), test::sick_run()};
  const Diagnoses diagnoses(runs);
  const std::string text = render_comparison(named(diagnoses), 0);
  EXPECT_NE(row_of(text, "gradient norm ratio"), "") << text;
  const auto& measured = diagnoses.all()[1].diagnosis->view().measured();
  const std::string steps = row_of(text, "  first/last, at step");
  EXPECT_NE(steps.find(std::to_string(measured.back().step)), std::string::npos) << text;
}

TEST(TerminalCompareTest, ARunOfNanIsToldSo) {
  const std::array<plumb::Run, 2> runs{test::nasty_run(), test::sick_run()};
  const Diagnoses diagnoses(runs);
  EXPECT_NE(render_comparison(named(diagnoses), 1).find("B, baseline"), std::string::npos);
}

}  // namespace
}  // namespace plumb
