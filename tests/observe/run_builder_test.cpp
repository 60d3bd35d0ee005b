// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/run_builder.h"

#include <gtest/gtest.h>

#include "plumb/core/error.h"
#include "plumb/observe/check_run.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

/// x > fc1 > relu > [fc2 > relu2 > fc3] + proj > head
struct Residual {
  RunBuilder run;
  LayerId x = run.add_input("x", 20);
  LayerId fc1 = run.add_layer("fc1", "Linear", LayerFamily::linear, {{x}});
  ParamId w1 = run.add_weight(fc1, "fc1.weight", {.outputs = 16, .inputs = 20});
  LayerId relu = run.add_layer("relu", "ReLU", LayerFamily::activation, {{fc1}});
  LayerId fc2 = run.add_layer("fc2", "Linear", LayerFamily::linear, {{relu}});
  LayerId relu2 = run.add_layer("relu2", "ReLU", LayerFamily::activation, {{fc2}});
  LayerId fc3 = run.add_layer("fc3", "Linear", LayerFamily::linear, {{relu2}});
  LayerId proj = run.add_layer("proj", "Linear", LayerFamily::linear, {{relu}});
  LayerId sum = run.add_layer("sum", "add", LayerFamily::residual,
                              {{fc3, 0, Way::branch}, {proj, 0, Way::shortcut, true}});
  LayerId head = run.add_layer("head", "Linear", LayerFamily::linear, {{sum}});
};

TEST(RunBuilderTest, DepthCountsLinearLayersAlongTheLongestWay) {
  const Residual net;
  const RunInfo& info = net.run.info();
  EXPECT_EQ(info.layer(net.x).depth, 0);
  EXPECT_EQ(info.layer(net.relu).depth, 1);
  EXPECT_EQ(info.layer(net.fc3).depth, 3);
  EXPECT_EQ(info.layer(net.proj).depth, 2);
  EXPECT_EQ(info.layer(net.sum).depth, 3);
  EXPECT_EQ(info.layer(net.head).depth, 4);
}

TEST(RunBuilderTest, AWeightTellsTheFans) {
  RunBuilder run;
  const LayerId x = run.add_input("x");
  const LayerId conv = run.add_layer("conv", "Conv2d", LayerFamily::linear, {{x}});
  const ParamId weight =
      run.add_weight(conv, "conv.weight", {.outputs = 8, .inputs = 3, .taps = 9});
  EXPECT_EQ(run.layer(conv).fan_in, 27);
  EXPECT_EQ(run.layer(conv).fan_out, 72);
  EXPECT_EQ(run.layer(conv).units, 8);
  EXPECT_EQ(run.info().param(weight).count, 216);
  EXPECT_EQ(run.info().find_param(conv, ParamUse::weight), weight);
}

TEST(RunBuilderTest, AnActivationHasTheUnitsOfWhatItReads) {
  const Residual net;
  EXPECT_EQ(net.run.info().layer(net.relu).units, 16);
  EXPECT_EQ(net.run.info().layer(net.fc2).units, 0);  // not known
}

TEST(RunBuilderTest, WhatIsAddedLaterAppearedLater) {
  Residual net;
  net.run.set_step(7);
  const LayerId late = net.run.add_layer("late", "Linear", LayerFamily::linear, {{net.head}});
  const ParamId weight = net.run.add_weight(late, "late.weight", {.outputs = 2, .inputs = 3});
  EXPECT_EQ(net.run.layer(late).first_step, 7);
  EXPECT_EQ(net.run.info().param(weight).first_step, 7);
  EXPECT_EQ(net.run.layer(net.head).first_step, 0);
}

TEST(RunBuilderTest, NamesWhatIsWrong) {
  RunBuilder run;
  const LayerId x = run.add_input("x");
  const auto refused = [](auto call) { return testing::message_of<UsageError>(call); };
  EXPECT_EQ(refused([&] { run.add_layer("fc1", "Linear", LayerFamily::linear, {{7}}); }),
            "RunBuilder: layer 'fc1' names layer 7, which is not there: add_layer() it first");
  EXPECT_EQ(refused([&] { run.add_input("x"); }),
            "RunBuilder: layer 'x' twice, expected a path of its own");
  EXPECT_EQ(refused([&] { run.add_layer("", "Linear", LayerFamily::linear, {{x}}); }),
            "RunBuilder: a layer without a path");
  LayerInfo astray;
  astray.path = "fc1";
  astray.block = 2;
  EXPECT_EQ(refused([&] { run.add_layer(astray); }),
            "RunBuilder: layer 'fc1' stands in block 2, which is not there: add_block() it first");
  EXPECT_EQ(refused([&] { run.add_block("b", "", 4); }),
            "RunBuilder: block 'b' stands in block 4, which is not there: add_block() it first");
  ParamInfo param;
  param.path = "w";
  param.users = {3};
  EXPECT_EQ(refused([&] { run.add_param(param); }),
            "RunBuilder: parameter 'w' names layer 3, which is not there: add_layer() it first");
  param.users = {x};
  param.shard = 2;
  param.shards = 2;
  EXPECT_EQ(refused([&] { run.add_param(param); }),
            "RunBuilder: parameter 'w' is shard 2 of 2, expected 0 or more and fewer than there "
            "are");
  EXPECT_THROW(run.add_output(1), UsageError);
  EXPECT_EQ(run.info().layers.size(), 1U);  // what was refused left nothing
  EXPECT_TRUE(run.info().params.empty());
}

}  // namespace
}  // namespace plumb
