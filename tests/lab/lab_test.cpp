// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "plumb/core/error.h"
#include "plumb/lab/lab_json.h"
#include "plumb/lab/lab_page.h"
#include "plumb/lab/text_plot.h"
#include "plumb/report/text.h"
#include "tests/lab/lab_checks.h"

namespace plumb::lab {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(LabTableTest, NamesAndClaimsAreUniqueAndExplained) {
  std::set<std::string> names;
  std::set<int> claims;
  for (const Experiment& experiment : experiments()) {
    EXPECT_TRUE(names.insert(experiment.name).second) << experiment.name;
    EXPECT_FALSE(experiment.claims.empty()) << experiment.name;
    for (const Claim& claim : experiment.claims) {
      EXPECT_TRUE(claims.insert(claim.number).second) << claim.number << " in " << experiment.name;
      EXPECT_TRUE(claim.judgement == Judgement::right || !claim.truth.empty()) << claim.number;
    }
  }
}

TEST(LabTableTest, AnUnknownExperimentIsNamedWithTheNearest) {
  try {
    find_experiment("identiy");
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'identity'"), std::string::npos)
        << error.what();
  }
}

TEST(SettingsTest, RefusesWhatTheExperimentDoesNotTake) {
  const std::vector<Parameter> parameters{{"depth", "10", ""}, {"gain", "1", ""}};
  const test::Given unknown{{"width", "3"}};
  EXPECT_THROW(Settings("x", parameters, unknown), SpecError);
  const test::Given wrong{{"depth", "1.5"}, {"gain", "nan"}};
  const Settings settings("x", parameters, wrong);
  EXPECT_THROW(settings.integer("depth", 1, 100), SpecError);
  EXPECT_THROW(settings.number("gain", 0, 100), SpecError);
}

TEST(ResultTest, AMeasuredNanNeverHolds) {
  Result result;
  result.near(0, "a", kNan, 1, 1, "");
  result.at_most(0, "b", kNan, 1, "");
  result.at_least(0, "c", kNan, 1, "");
  for (const Check& check : result.checks) EXPECT_FALSE(check.ok) << check.what;
  EXPECT_FALSE(result.agrees());
}

TEST(ResultTest, NothingMeasuredIsNoAgreement) { EXPECT_FALSE(Result{}.agrees()); }

TEST(ResultTest, ToleranceAroundZeroIsAbsolute) {
  Result result;
  result.near(0, "a", 1e-3, 0, 1e-2, "");
  result.near(0, "b", 1e-1, 0, 1e-2, "");
  EXPECT_TRUE(result.checks[0].ok);
  EXPECT_FALSE(result.checks[1].ok);
}

Finished sample() {
  const Experiment& experiment = find_experiment("chain-numbers");
  const test::Given given{{"width", "10"}, {"depth", "6"}};
  Settings settings(experiment.name, experiment.parameters, given);
  Result result = run(experiment, settings);
  result.show(Plot{"<b>heat</b>",
                   "",
                   PlotKind::heat,
                   {"x", false},
                   {"y", true},
                   {"one", "two"},
                   {{"row", {}, {kNan, -400}}}});
  return {&experiment, settings, std::move(result)};
}

TEST(LabJsonTest, HoldsEverythingAndNullForNan) {
  const Finished one = sample();
  const auto json = nlohmann::json::parse(lab_json({&one, 1}));
  const auto& experiment = json["experiments"][0];
  EXPECT_EQ(experiment["command"], "plumb lab chain-numbers --width 10 --depth 6");
  EXPECT_EQ(experiment["checks"].size(), one.result.checks.size());
  EXPECT_TRUE(experiment["parts"].back()["series"][0]["y"][0].is_null());
  EXPECT_EQ(experiment["parts"].back()["series"][0]["y"][1], -400.0);
}

TEST(LabPageTest, HoldsTheDataAndNoMarkupFromIt) {
  const Finished one = sample();
  const std::string page = render_page({&one, 1});
  EXPECT_EQ(page.find("PLUMB_LAB_DATA"), std::string::npos);
  EXPECT_EQ(page.find("<b>heat</b>"), std::string::npos);
  EXPECT_NE(page.find("\\u003cb>heat"), std::string::npos);
}

TEST(LabTerminalTest, FitsIntoEightyColumnsAndSendsNoEscapeCodes) {
  const Finished one = sample();
  TerminalOptions options;
  options.unicode = false;
  const std::string text = render_terminal(*one.experiment, one.settings, one.result, options);
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    EXPECT_LE(display_width(text.substr(start, end - start)), 80)
        << text.substr(start, end - start);
    start = end + 1;
  }
  EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(TextPlotTest, PutsTheFirstPointAtTheBottomLeftAndTheLastAtTheTopRight) {
  const Plot plot{
      "", "", PlotKind::line, {"x", false}, {"y", false}, {}, {{"rise", {0, 1, 2}, {0, 5, 10}}}};
  const auto lines = draw(plot, 60, false);
  EXPECT_EQ(lines[1].back(), 'a');  // y = 10
  EXPECT_EQ(lines[1].size(), 60u);
  EXPECT_EQ(lines[14].substr(10, 2), "|a");  // y = 0
}

TEST(TextPlotTest, ANanIsAGapAndALonePointIsDrawn) {
  const Plot plot{
      "", "", PlotKind::line, {"x", false}, {"y", true}, {}, {{"gap", {0, 1, 2}, {kNan, 3, kNan}}}};
  int marks = 0;
  const auto lines = draw(plot, 60, false);
  for (std::size_t i = 1; i < 15; ++i)
    marks += static_cast<int>(std::count(lines[i].begin() + 11, lines[i].end(), 'a'));
  EXPECT_EQ(marks, 1);
}

TEST(TextPlotTest, TheLongestBarIsTheLargestValue) {
  const Plot plot{
      "", "", PlotKind::bars, {"", false}, {"", false}, {"small", "large"}, {{"one", {}, {1, 2}}}};
  const auto lines = draw(plot, 80, false);
  EXPECT_GT(std::count(lines[1].begin(), lines[1].end(), '#'),
            std::count(lines[0].begin(), lines[0].end(), '#'));
}

}  // namespace
}  // namespace plumb::lab
