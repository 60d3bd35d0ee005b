// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

TEST(ExportJsonTest, HoldsTheWholeRun) {
  const plumb::Run run = rich_run();
  const Json json = Json::parse(export_json(run));
  EXPECT_EQ(json["format"], "plumb-run");
  EXPECT_EQ(json["schema_version"], kSchemaVersion);
  EXPECT_EQ(json["info"]["network"], run.info.network);
  EXPECT_EQ(json["info"]["settings"][1]["key"], "empty");
  EXPECT_EQ(json["info"]["data_info"]["inputs"][0]["name"], "a, \"quoted\" name");
  EXPECT_EQ(json["info"]["data_info"]["inputs"][0]["smallest"], "-Infinity");
  EXPECT_EQ(json["info"]["data_info"]["targets"][0]["deviation"], 5e3);
  EXPECT_EQ(json["info"]["data_info"]["class_sizes"][0], 100);
  EXPECT_EQ(json["info"]["data_info"]["between_batches"], 0.25);
  EXPECT_EQ(json["info"]["baseline"]["accuracy"], 0.125);
  EXPECT_EQ(json["info"]["optimiser_info"]["schedule"], "cosine");
  EXPECT_EQ(json["info"]["layers"][6]["family"], "residual");
  EXPECT_EQ(json["info"]["layers"][6]["inputs"][1]["way"], "shortcut");
  EXPECT_EQ(json["info"]["layers"][2]["traits"]["can_die"], true);
  EXPECT_TRUE(json["info"]["layers"][2]["traits"]["odd"].is_null());
  EXPECT_EQ(json["info"]["layers"][4]["cell"]["memory_steps"], 20);
  EXPECT_EQ(json["info"]["params"][1]["use"], "recurrent_weight");
  EXPECT_EQ(json["info"]["outputs"], Json({2, 6}));
  ASSERT_EQ(json["steps"].size(), 3U);
  const Json& step = json["steps"][1];
  EXPECT_EQ(step["step"], 5);
  EXPECT_EQ(step["sketches"].size(), 4U);
  EXPECT_EQ(step["sketches"][1]["role"], "grad_weight");
  EXPECT_EQ(step["sketches"][1]["site"], "0.weight/grad_weight");
  EXPECT_EQ(step["sketches"][1]["param"], 0);
  EXPECT_EQ(step["sketches"][0]["site"], "0:2/z");
  EXPECT_EQ(step["sketches"][0]["layer"], 1);
  EXPECT_EQ(step["activations"][0]["dead_units"], 3);
  EXPECT_EQ(step["joins"][0]["ways"][0]["log2_rms"], -200.5);
  EXPECT_EQ(step["joins"][0]["ways"][1]["path"], "6");
  EXPECT_EQ(step["inference_loss"], "-Infinity");
  EXPECT_EQ(step["signals"][0]["directions"], 30.5);
  EXPECT_EQ(step["signals"][1]["path"], "4");
  EXPECT_FALSE(json["steps"][0].contains("inference_loss"));
  EXPECT_FALSE(step["joins"][0].contains("through"));
  EXPECT_EQ(step["joins"][3]["through_path"], json["info"]["layers"][6]["path"]);
  EXPECT_EQ(step["joins"][3]["log2_rms"], -3.5);
  EXPECT_EQ(step["inner"][0]["axis"], "head");
  EXPECT_EQ(step["blocks"][0]["calls"], 12);
  EXPECT_EQ(step["passes"], 4);
  EXPECT_EQ(step["symmetries"][0]["duplicate_units"], 127);
  ASSERT_EQ(step["times"].size(), 3U);
  EXPECT_EQ(step["times"][1]["reverse"], true);
  EXPECT_EQ(step["times"][0]["series"][0]["quantity"], "grad_h");
  EXPECT_EQ(step["times"][0]["series"][0]["values"][1], "-Infinity");
  EXPECT_EQ(step["times"][0]["series"][0]["values"][2], 0.5);
  EXPECT_EQ(json["findings"][0]["severity"], "critical");
  EXPECT_EQ(json["findings"][0]["evidence"][0]["value"], -90.2);
  EXPECT_EQ(json["findings"][0]["evidence"][0]["quantity"], "flow_log2");
  EXPECT_EQ(json["findings"][0]["evidence"][0]["threshold"], -20);
  EXPECT_EQ(json["findings"][0]["evidence"][0]["place"],
            Json({{"of", "layer"}, {"id", 1}, {"path", "0"}}));
  EXPECT_EQ(json["findings"][0]["evidence"][0]["reference"], Json({{"of", "loss"}}));
  EXPECT_EQ(json["findings"][0]["cause"]["kind"], "truncation");
  EXPECT_EQ(json["findings"][0]["cause"]["facts"][0]["quantity"], "mean_log2_gain");
  EXPECT_EQ(json["findings"][0]["explained_by"], 1);
  EXPECT_EQ(json["findings"][0]["did_harm"], false);
  EXPECT_EQ(json["findings"][0]["remedies"][0]["kind"], "initialise");
  EXPECT_EQ(json["findings"][0]["remedies"][0]["arguments"],
            Json({{"gain", 1.41}, {"scheme", "nan"}}));
  EXPECT_TRUE(json["findings"][1]["explained_by"].is_null());
  EXPECT_EQ(json["end"], Json({{"reason", "diverged"}, {"steps", 7}, {"time_s", 12.5}}));
}

TEST(ExportJsonTest, NumbersAreExact) {
  const Json json = Json::parse(export_json(rich_run()));
  const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(json["info"]["seed"].get<std::uint64_t>(), max);
  const Json& step = json["steps"][1];
  EXPECT_EQ(step["loss"].get<double>(), 5e-324);
  EXPECT_TRUE(std::signbit(step["accuracy"].get<double>()));
  EXPECT_EQ(step["learning_rate"].get<double>(), 1e308);
  EXPECT_EQ(step["sketches"][0]["abs_max"].get<double>(), 1.0 / 3.0);
  const Json& histogram = step["sketches"][0]["histogram"];
  EXPECT_EQ(histogram["first_exponent"], -127);
  ASSERT_EQ(histogram["counts"].size(), 255U);
  EXPECT_EQ(histogram["counts"][100].get<std::uint64_t>(), max);
  EXPECT_EQ(step["sketches"][0]["format_loss"]["fp8_e4m3"]["flushed"].get<std::uint64_t>(), max);
}

TEST(ExportJsonTest, NanIsNullInfinityIsATextAndAbsentIsMissing) {
  const Json json = Json::parse(export_json(rich_run()));
  EXPECT_TRUE(json["steps"][0]["loss"].is_null());
  EXPECT_FALSE(json["steps"][0].contains("validation_loss"));
  EXPECT_TRUE(json["steps"][1]["validation_loss"].is_null());
  EXPECT_EQ(json["steps"][1]["grad_norm"], "Infinity");
  EXPECT_EQ(json["steps"][1]["clip_factor"], "-Infinity");
  EXPECT_EQ(json["steps"][1]["sketches"][1]["true_log2_rms"], "-Infinity");
}

TEST(ExportJsonTest, AnEmptyRunIsValid) {
  const Json json = Json::parse(export_json({}));
  EXPECT_TRUE(json["steps"].empty());
  EXPECT_TRUE(json["findings"].is_null()) << "not diagnosed";
  EXPECT_TRUE(json["end"].is_null());
}

TEST(ExportCsvTest, HasALineForEachStepAndSite) {
  const auto lines = split(export_csv(rich_run()), '\n');
  ASSERT_EQ(lines.size(), 1U + 4 + 5);
  const std::size_t columns = split(lines[0], ',').size();
  EXPECT_EQ(columns, 20U + 12);
  for (const std::string& line : lines) EXPECT_EQ(split(line, ',').size(), columns) << line;
}

TEST(ExportCsvTest, ColumnsHoldWhatTheHeaderSays) {
  plumb::Run run;
  StepRecord step;
  step.step = 3;
  step.loss = std::numeric_limits<double>::quiet_NaN();
  run.info = chain_info(1);
  run.info.params[0].path = "a,\"b\".bias";
  SketchRecord record{Site::param(0, Role::grad_weight), {}};
  record.sketch.count = 5;
  record.sketch.nonfinite_count = 1;
  record.sketch.mean = 0.5;
  record.sketch.m2 = 3.0;  // var 3/4, rms sqrt(3/4 + 1/4) = 1
  record.sketch.abs_max = 2.0;
  record.sketch.log2_scale = -7;
  record.sketch.format_loss[1].subnormal = 9;
  step.sketches.push_back(record);
  step.sketches.push_back({Site::layer(1, Role::z, 2), {}});
  run.steps.push_back(step);
  const auto lines = split(export_csv(run), '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(
      lines[0],
      "step,epoch,time_s,loss,site,path,role,output,count,nonfinite_count,zero_count,mean,m2,var,"
      "rms,abs_max,log2_scale,true_log2_rms,true_log2_abs_max,true_log2_median,fp16_flushed,"
      "fp16_subnormal,fp16_overflowed,bf16_flushed,bf16_subnormal,bf16_overflowed,"
      "fp8_e4m3_flushed,fp8_e4m3_subnormal,fp8_e4m3_overflowed,fp8_e5m2_flushed,"
      "fp8_e5m2_subnormal,fp8_e5m2_overflowed");
  EXPECT_EQ(
      lines[1],
      "3,0,0,nan,\"a,\"\"b\"\".bias/grad_weight\",\"a,\"\"b\"\".bias\",grad_weight,0,5,1,0,0.5,3,"
      "0.75,1,2,-7,-7,-6,nan,0,0,0,0,9,0,0,0,0,0,0,0");
  EXPECT_THAT(lines[2],
              testing::StartsWith("3,0,0,nan,0:2/z,0,z,2,0,0,0,0,0,0,0,0,0,-inf,-inf,nan,"));
}

TEST(ExportTimeCsvTest, HasALineForEachTimeStepAndAColumnForEachSeries) {
  plumb::Run run;
  run.info = chain_info(2);
  run.info.layers[0].path = "a,b";
  run.steps.resize(2);
  run.steps[1].step = 7;
  const TimeSeries flow{TimeQuantity::grad_h, TimeStatistic::log2_rms, {-1.5F, 0}};
  const TimeSeries gate{TimeQuantity::forget_gate, TimeStatistic::mean, {0.5F, 1}};
  run.steps[1].times = {{0, false, 2, 4, {flow}}, {2, true, 2, 4, {gate, flow}}};
  const auto lines = split(export_time_csv(run), '\n');
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "step,path,reverse,t,forget_gate_mean,grad_h_log2_rms");
  EXPECT_EQ(lines[1], "7,\"a,b\",0,0,nan,-1.5");
  EXPECT_EQ(lines[3], "7,1,1,0,0.5,-1.5");
  EXPECT_EQ(lines[4], "7,1,1,1,1,0");
}

}  // namespace
}  // namespace plumb
