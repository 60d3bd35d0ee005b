// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/predicted_flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

Run deep_tanh(double gain, int steps = 1) {
  test::MiniSpec spec;
  spec.activation = "tanh";
  spec.depth = 20;
  spec.width = 96;
  spec.gain = gain;
  spec.steps = steps;
  return test::run_mini_net(spec);
}

StepRecord& first_step(Run& run) { return run.steps.front(); }

// A network that the engine did not make, in plain loops: theory follows it over its whole depth.
TEST(PredictedFlowTest, FollowsAMeasuredNetwork) {
  for (const double gain : {0.6, 1.0, 1.6}) {
    const plumb::Run run = deep_tanh(gain);
    const auto predicted = predict_flow(run);
    ASSERT_TRUE(predicted) << gain;
    const auto profile = flow_profile(run.info, run.steps.front());
    ASSERT_EQ(predicted->size(), profile.size());
    for (std::size_t i = 0; i < profile.size(); ++i) {
      // A factor of 1.7: the log-normal spread of 20 layers of width 96.
      EXPECT_NEAR((*predicted)[i].log2_grad_z, profile[i].log2_grad_z, 0.8) << gain << " " << i;
      EXPECT_NEAR((*predicted)[i].log2_z, profile[i].log2_z, 0.5) << gain << " " << i;
    }
    EXPECT_DOUBLE_EQ(predicted->back().log2_grad_z, profile.back().log2_grad_z);
    EXPECT_NEAR(predicted->front().log2_z, profile.front().log2_z, 1e-12);
  }
}

TEST(PredictedFlowTest, KnowsWhereThereIsNoTheory) {
  const plumb::Run run = deep_tanh(1);
  ASSERT_TRUE(predict_flow(run));
  plumb::Run residual = run;
  residual.info.layers[4].inputs.push_back({1, 0, Way::shortcut});
  EXPECT_FALSE(predict_flow(residual));
  plumb::Run unknown = run;
  unknown.info.layers[2].function.clear();
  EXPECT_FALSE(predict_flow(unknown));
  plumb::Run dropout = run;
  dropout.info.layers[2].family = LayerFamily::dropout;
  EXPECT_FALSE(predict_flow(dropout));
  plumb::Run convolution = run;
  convolution.info.layers[1].fan_out = 9;
  EXPECT_FALSE(predict_flow(convolution));
  plumb::Run loaded = run;
  loaded.info.settings.emplace_back("weights", "torch.npz");
  EXPECT_FALSE(predict_flow(loaded));
  plumb::Run later = run;
  first_step(later).step = 7;
  EXPECT_FALSE(predict_flow(later));
  plumb::Run starved = run;
  test::put_rms(starved.info, first_step(starved), starved.info.layers.back().path, Role::grad_z,
                -INFINITY);
  EXPECT_FALSE(predict_flow(starved));
  plumb::Run empty;
  EXPECT_FALSE(predict_flow(empty));
}

// Weights that are all alike are no noise about 0.
TEST(PredictedFlowTest, WantsRandomWeights) {
  plumb::Run run = deep_tanh(1);
  const std::vector<double> alike(1000, 0.1);
  test::put(run.info, first_step(run), run.info.layers[3].path, Role::weight,
            test::sketch_of(alike));
  EXPECT_FALSE(predict_flow(run));
}

TEST(PredictedFlowTest, StandsInTableAndPage) {
  const plumb::Run run = deep_tanh(0.6);
  TerminalOptions options;
  const std::string table = render_table(run, options);
  EXPECT_NE(table.find(" theory "), std::string::npos);
  EXPECT_NE(table.find("in the mean field"), std::string::npos);
  options.width = 70;
  EXPECT_EQ(render_table(run, options).find(" theory "), std::string::npos);

  const auto page = nlohmann::json::parse(report_json(run));
  const auto& theory = page["runs"][0]["theory"];
  ASSERT_EQ(theory["grad_z"].size(), page["runs"][0]["profile"].size());
  EXPECT_EQ(theory["step"], 0);
  EXPECT_LT(theory["grad_z"][0], theory["grad_z"][20]);
  plumb::Run none = run;
  none.info.settings.emplace_back("weights", "torch.npz");
  EXPECT_TRUE(nlohmann::json::parse(report_json(none))["runs"][0]["theory"].is_null());
}

}  // namespace
}  // namespace plumb
