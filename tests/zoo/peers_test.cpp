// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/peers/peer.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "plumb/diagnose/rule.h"

namespace plumb::zoo {
namespace {

/// Two dense layers with a relu in between, measured once.
Run small_run() {
  plumb::Run run;
  run.info.classes = 2;
  for (const char* kind : {"input", "dense", "relu", "dense"}) {
    LayerInfo layer;
    layer.kind = kind;
    layer.family = layer.kind == "input"   ? LayerFamily::input
                   : layer.kind == "dense" ? LayerFamily::linear
                                           : LayerFamily::activation;
    run.info.layers.push_back(layer);
  }
  for (const LayerId owner : {1, 3}) {
    ParamInfo param;
    param.use = ParamUse::weight;
    param.users = {owner};
    run.info.params.push_back(param);
  }
  StepRecord step;
  step.measured = true;
  step.loss = 0.7;
  run.steps.push_back(step);
  return run;
}

void add(Run& run, Site site, double rms, std::uint64_t zeros = 0) {
  Sketch sketch;
  sketch.count = 100;
  sketch.zero_count = zeros;
  sketch.m2 = 100 * rms * rms;
  run.steps[0].sketches.push_back({site, sketch});
}

TEST(PeersTest, TheirSymptomsStandForRulesOfOurs) {
  std::set<std::string_view> rules;
  for (const RuleEntry& rule : rule_table()) rules.insert(rule.id);
  for (const Peer& peer : peers()) {
    for (const auto& [symptom, means] : peer.means) {
      for (const std::string_view rule : means) {
        EXPECT_TRUE(rules.contains(rule)) << peer.name << " " << symptom << ": " << rule;
      }
    }
  }
}

TEST(PeersTest, AutoTrainerComparesFirstAndLastKernel) {
  plumb::Run run = small_run();
  add(run, Site::param(0, Role::weight), 1);
  add(run, Site::param(1, Role::weight), 1);
  add(run, Site::param(0, Role::grad_weight), 1e-6);
  add(run, Site::param(1, Role::grad_weight), 1);
  EXPECT_EQ(auto_trainer(PeerView(run)), Symptoms{"vanish"});
  run.steps[0].accuracy = 0.9;  // its gate: what is accurate is not looked at
  EXPECT_EQ(auto_trainer(PeerView(run)), Symptoms{});
}

TEST(PeersTest, TorchmortemComparesTheFlowOfFirstAndLast) {
  plumb::Run run = small_run();
  add(run, Site::param(0, Role::weight), 1);
  add(run, Site::param(1, Role::weight), 1);
  add(run, Site::layer(3, Role::grad_z), 1);
  add(run, Site::layer(1, Role::grad_z), 0.02);
  EXPECT_EQ(torchmortem(PeerView(run)), Symptoms{});
  run.steps[0].sketches.back().sketch.m2 *= 1e-2;
  EXPECT_EQ(torchmortem(PeerView(run)), Symptoms{"vanishing"});
  run.steps[0].sketches.back().sketch.m2 *= 1e12;  // a norm of 2e4
  EXPECT_EQ(torchmortem(PeerView(run)), Symptoms{"exploding"});
}

TEST(PeersTest, TheDeepCheckerWantsInputsStandardisedOrInARange) {
  plumb::Run run = small_run();
  run.info.data_info.emplace();
  run.info.data_info->inputs = {
      {.name = {}, .mean = 0, .deviation = 1, .smallest = -3, .largest = 3},
      {.name = {}, .mean = 0.4, .deviation = 0.2, .smallest = 0, .largest = 1}};
  EXPECT_EQ(deep_checker(PeerView(run)), Symptoms{});
  run.info.data_info->inputs[1].largest = 200;
  EXPECT_EQ(deep_checker(PeerView(run)), Symptoms{"inputs"});
}

TEST(PeersTest, GraphycoTakesZerosForDeadUnits) {
  plumb::Run run = small_run();
  add(run, Site::layer(2, Role::a), 1, 60);
  EXPECT_EQ(graphyco(PeerView(run)), Symptoms{"dead"});
}

TEST(PeersTest, TheDeepCheckerExpectsTheFirstLossNearItsLogarithm) {
  plumb::Run run = small_run();
  EXPECT_EQ(deep_checker(PeerView(run)), Symptoms{});
  run.steps[0].loss = 5;
  EXPECT_EQ(deep_checker(PeerView(run)), Symptoms{"initial_loss"});
}

TEST(PeersTest, ANonFiniteLossIsSeenByAllThatLook) {
  plumb::Run run = small_run();
  run.steps[0].loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(auto_trainer(PeerView(run)).contains("explode"));
  EXPECT_TRUE(umlaut(PeerView(run)).contains("nan_loss"));
  EXPECT_TRUE(deep_localize(PeerView(run)).contains("numerical"));
}

}  // namespace
}  // namespace plumb::zoo
