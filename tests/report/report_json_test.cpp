// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/report_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/flow/ledger.h"
#include "tests/report/sample_runs.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

Json json_of(const plumb::Run& run, const ReportLimits& limits = {}) {
  return Json::parse(report_json(run, limits)).at("runs").at(0);
}

TEST(ReportJsonTest, HasWhatThePageReads) {
  const Json run = json_of(test::sick_run());
  for (const char* key : {"label", "info", "end", "verdict", "findings", "layers", "profile",
                          "measured", "series", "recorded"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  EXPECT_EQ(run["verdict"]["severity"], "critical");
  EXPECT_EQ(run["profile"].size(), 31u);
  EXPECT_EQ(run["measured"].size(), 12u);
  for (const char* column : {"grad_z", "grad_weight", "a", "weight", "update_ratio",
                             "saturated_fraction", "dead_fraction"}) {
    EXPECT_EQ(run["measured"][0]["flow"][column].size(), 31u) << column;
  }
}

TEST(ReportJsonTest, FlowIsTheBaseTenLogarithmOfTheRecord) {
  const plumb::Run run = test::sick_run();
  const Json json = json_of(run);
  const double rms = run.steps[0].find(Site::layer(1, Role::grad_z))->rms();
  EXPECT_NEAR(json["measured"][0]["flow"]["grad_z"][0].get<double>(), std::log10(rms), 1e-3);
}

TEST(ReportJsonTest, APageThatHasTheFirstStepsIsGivenTheOthersAlone) {
  const plumb::Run run = test::sick_run();
  const Json all = json_of(run);
  const std::int64_t middle = all["measured"][5]["step"];
  ReportLimits limits;
  limits.after = middle;
  const Json rest = json_of(run, limits);
  ASSERT_EQ(rest["measured"].size(), all["measured"].size() - 6);
  EXPECT_EQ(rest["measured"][0], all["measured"][6]);
  for (const Json& step : rest["series"]["step"]) EXPECT_GT(step.get<std::int64_t>(), middle);
  EXPECT_EQ(rest["series"]["step"].back(), all["series"]["step"].back());
  EXPECT_LT(rest["spectra"].size(), all["spectra"].size());
  EXPECT_EQ(rest["profile"], all["profile"]);
  EXPECT_EQ(rest["findings"], all["findings"]);
}

TEST(ReportJsonTest, SpectraHoldTheHistogramsOfTheRecords) {
  const plumb::Run run = test::sick_run();
  const Json spectra = json_of(run)["spectra"];
  ASSERT_EQ(spectra.size(), 12u);
  const Json& role = spectra[0]["roles"]["grad_z"];
  ASSERT_EQ(role["low"].size(), 31u);
  const Sketch& sketch = *run.steps[0].find(Site::layer(1, Role::grad_z));
  const Histogram::Range touched = sketch.histogram.touched();
  EXPECT_EQ(role["low"][0].get<int>(), static_cast<int>(touched.begin) + Sketch::kMinExponent +
                                           static_cast<int>(std::lround(sketch.log2_scale)));
  const std::string bins = role["bins"][0];
  ASSERT_EQ(bins.size(), touched.end - touched.begin);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t k = 0; k < bins.size(); ++k) {
    const double share = std::pow(static_cast<double>(digits.find(bins[k])) / 63, 2);
    const double expected = static_cast<double>(sketch.histogram[touched.begin + k]) /
                            static_cast<double>(sketch.histogram.total());
    EXPECT_NEAR(share, expected, 0.02) << k;
    EXPECT_EQ(share > 0, expected > 0) << k;
  }
}

TEST(ReportJsonTest, ReachIsThatOfTheVerdict) {
  const plumb::Run run = test::sick_run();
  const Diagnosis diagnosis(run);
  const Json measured = json_of(run)["measured"];
  for (std::size_t i = 0; i < measured.size(); ++i) {
    EXPECT_NEAR(measured[i]["reach"]["total"].get<double>(),
                diagnosis.view().measured()[i].flow.log2_total * std::log10(2.0), 1e-3);
  }
}

TEST(ReportJsonTest, LedgerPartsAddUpToTheTotal) {
  const Json ledger = json_of(test::sick_run())["measured"][0]["ledger"];
  double sum = 0;
  for (const auto& cause : ledger["books"]["parts"]) {
    for (const auto& part : cause) sum += part.get<double>();
  }
  EXPECT_NEAR(sum, ledger["total"].get<double>(), 0.01);  // 4 decimals each
  EXPECT_LT(sum, -10);
}

TEST(ReportJsonTest, HoldsMagnitudesBelowTheRangeOfADouble) {
  const Json json = json_of(test::deep_run());
  EXPECT_NEAR(json["measured"][0]["flow"]["grad_z"][0].get<double>(), -3998 * std::log10(2.0),
              1e-3);
}

TEST(ReportJsonTest, WhatHasNoLogarithmIsNullAndMarked) {
  const Json last = json_of(test::nasty_run())["measured"].back();
  EXPECT_TRUE(last["flow"]["grad_z"][0].is_null());
  EXPECT_TRUE(last["flow"]["grad_z"][1].is_null());
  EXPECT_EQ(last["zero"]["grad_z"], Json::parse("[[0, 0]]"));
  EXPECT_EQ(last["nonfinite"]["grad_z"], Json::parse("[[1, 1]]"));
}

TEST(ReportJsonTest, LongRunsAreThinnedAndKeepBothEnds) {
  const plumb::Run run = test::sick_run();
  const Json json = json_of(run, {.measured_steps = 5, .series_steps = 3});
  EXPECT_EQ(json["measured"].size(), 5u);
  EXPECT_EQ(json["measured"].front()["step"], run.steps.front().step);
  EXPECT_EQ(json["measured"].back()["step"], run.steps.back().step);
  EXPECT_EQ(json["series"]["step"].size(), 3u);
  EXPECT_EQ(json["recorded"]["measured"], 12);
  EXPECT_EQ(json_of(test::deep_run(), {.layer_steps = 6000})["measured"].size(), 3u);
}

TEST(ReportJsonTest, ASeedBeyondDoubleKeepsItsDigits) {
  plumb::Run run = test::probe_run();
  run.info.seed = 18446744073709551615u;
  EXPECT_EQ(json_of(run)["info"]["seed"], "18446744073709551615");
}

TEST(ReportJsonTest, ARunCutOffHasNoEnd) {
  EXPECT_TRUE(json_of(test::nasty_run())["end"].is_null());
}

TEST(ReportJsonTest, ARunWithoutMeasurementsIsStillAReport) {
  plumb::Run run = test::healthy_run();
  run.steps.clear();
  const Json json = json_of(run);
  EXPECT_TRUE(json["measured"].empty());
  EXPECT_TRUE(json["profile"].empty());
}

TEST(ReportJsonTest, ThroughTimeHasColumnsByTimeStep) {
  const Json json = json_of(test::time_run());
  const Json& time = json["measured"][0]["times"][0];
  EXPECT_EQ(time["layer"], 1);
  EXPECT_EQ(time["time_steps"], 200);
  const std::size_t points = time["t"].size();
  EXPECT_EQ(points, 160u);
  EXPECT_EQ(time["t"].front(), 0);
  EXPECT_EQ(time["t"].back(), 199);
  for (const char* name : {"gradient", "kept", "grad_h", "grad_c", "h", "c"}) {
    EXPECT_EQ(time[name].size(), points) << name;
  }
  EXPECT_EQ(time["gates"]["forget_gate"]["mean"].size(), points);
  EXPECT_EQ(time["gates"].size(), 4u);
  EXPECT_EQ(time["shares"].size(), 5u);
  EXPECT_FALSE(time["shares"].contains("grad_h_by_recurrence"));
  EXPECT_NEAR(time["summary"]["steps_per_efold"].get<double>(), 1 / std::log(2.0), 1e-2);
  EXPECT_EQ(time["summary"]["steps"], 199);
  const double lost =
      time["gradient"].front().get<double>() - time["gradient"].back().get<double>();
  EXPECT_NEAR(time["summary"]["total"].get<double>(), lost, 1e-3);
  EXPECT_EQ(json_of(test::sick_run())["measured"][0]["times"], Json::array());
}

TEST(ReportJsonTest, LongSequencesAreThinnedToTheBudget) {
  const Json json = json_of(test::time_run(), {.time_values = 1000});
  EXPECT_EQ(json["measured"][0]["times"][0]["t"].size(), 24u);
}

}  // namespace
}  // namespace plumb
