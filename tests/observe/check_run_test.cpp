// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/check_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "plumb/observe/recorder.h"
#include "plumb/observe/run_builder.h"
#include "tests/observe/stored.h"

namespace plumb {
namespace {

/// x > fc1 > act > sum(branch fc2, shortcut act) with everything that the diagnosis needs.
class CheckRunTest : public ::testing::Test {
 protected:
  CheckRunTest() {
    builder_.layer(act_).traits.emplace().max_derivative = 1;
    run_.info = builder_.info();
  }

  /// A step in which everything was told, but for what `leave_out` is.
  void add_step(std::int64_t step, const Site& leave_out = {}) {
    const testing::Stored stored(testing::eighths(12, 1), ElementType::f32);
    const StridedView view = stored.view({3, 4});
    Recorder recorder(run_.info);
    StepRecord& record = run_.steps.emplace_back();
    record.step = step;
    recorder.begin(record);
    for (LayerId layer = 0; layer < 5; ++layer) recorder.output(layer, view);
    recorder.derivative(act_, view);
    const JoinGradient ways[] = {{fc2_, 0, view}, {sum_, 1, view}};
    recorder.join(act_, ways);
    for (LayerId layer = 4; layer > 0; --layer) recorder.gradient(layer, view);
    for (ParamId param = 0; param < 2; ++param) {
      for (const Role role : {Role::weight, Role::grad_weight, Role::update})
        recorder.parameter(param, role, view);
    }
    recorder.finish();
    std::erase_if(record.sketches, [&](const auto& one) { return one.site == leave_out; });
  }
  std::vector<std::string> found() const { return check_run(run_); }

  RunBuilder builder_;
  LayerId x_ = builder_.add_input("x", 4);
  LayerId fc1_ = builder_.add_layer("fc1", "Linear", LayerFamily::linear, {{x_}});
  LayerId act_ = builder_.add_layer("act", "ReLU", LayerFamily::activation, {{fc1_}});
  LayerId fc2_ = builder_.add_layer("fc2", "Linear", LayerFamily::linear, {{act_}});
  LayerId sum_ = builder_.add_layer("sum", "add", LayerFamily::residual, {{fc2_}, {act_}});
  ParamId w1_ = builder_.add_weight(fc1_, "fc1.weight", {.outputs = 4, .inputs = 4});
  ParamId w2_ = builder_.add_weight(fc2_, "fc2.weight", {.outputs = 4, .inputs = 4});
  plumb::Run run_;
};

using Sentences = std::vector<std::string>;

TEST_F(CheckRunTest, ACompleteRunHasNothingMissing) {
  add_step(0);
  add_step(5);
  EXPECT_EQ(found(), Sentences{});
}

TEST_F(CheckRunTest, SaysWhichTensorIsMissing) {
  add_step(0, Site::layer(fc1_, Role::grad_z));
  EXPECT_EQ(found(), Sentences{"step 0: no grad_z of 'fc1'"});
  run_.steps.clear();
  add_step(0);
  add_step(1, Site::param(w1_, Role::weight));
  add_step(2, Site::param(w1_, Role::weight));
  EXPECT_EQ(found(), Sentences{"step 1 and 1 more: no weight of 'fc1.weight': the books cannot "
                               "split what its layer does"});
  run_.steps.clear();
  add_step(0, Site::param(w2_, Role::grad_weight));
  EXPECT_EQ(found(), Sentences{"step 0: no gradient of 'fc2.weight', which is not frozen"});
}

TEST_F(CheckRunTest, AFrozenParameterNeedsNoGradient) {
  run_.info.params[static_cast<std::size_t>(w1_)].frozen = true;
  add_step(0, Site::param(w1_, Role::grad_weight));
  std::erase_if(run_.steps[0].sketches, [&](const SketchRecord& one) {
    return one.site == Site::param(w1_, Role::update) ||
           one.site == Site::layer(fc1_, Role::grad_z);  // nothing below it is trained
  });
  EXPECT_EQ(found(), Sentences{});
}

TEST_F(CheckRunTest, SaysWhichJoinAndDerivativeAreMissing) {
  add_step(3);
  run_.steps[0].joins.clear();
  run_.steps[0].activations.clear();
  EXPECT_EQ(found(),
            (Sentences{"step 3: no derivative of 'act': the books cannot split what it does",
                       "step 3: no join at 'act', which 'fc2' and 'sum' read"}));
  run_.steps.clear();
  add_step(3);
  run_.steps[0].joins[0].ways[0].reader = fc1_;
  EXPECT_EQ(found(), Sentences{"step 3: the join at 'act' has a way from layer 1, which does not "
                               "read it"});
}

TEST_F(CheckRunTest, TheWaysOfOneBlockAreThoseOfABlock) {
  add_step(0);
  run_.steps[0].joins.push_back({act_, 0, sum_, {{fc2_, 0, -1, 0.5}, {sum_, 1, -1, 0.5}}, 0});
  EXPECT_EQ(found(), Sentences{});
  run_.steps[0].joins[1].ways[0].reader = fc1_;
  run_.steps[0].joins[1].through = fc2_;
  EXPECT_EQ(
      found(),
      (Sentences{"step 0: the join at 'act' is of the ways through layer 3, which does not "
                 "bring several tensors together",
                 "step 0: the join at 'act' has a way from layer 1, which does not read it"}));
}

TEST_F(CheckRunTest, AnExpertThatWasNotCalledMissesNothing) {
  run_.info.blocks.push_back({"experts.0", "expert", kNoBlock});
  run_.info.layers[static_cast<std::size_t>(fc2_)].block = 0;
  add_step(0, Site::layer(fc2_, Role::grad_z));
  EXPECT_EQ(found().size(), 1U);
  run_.steps[0].blocks = {{0, 0, 0}};
  EXPECT_EQ(found(), Sentences{});
}

TEST_F(CheckRunTest, ALayerThatCameLaterIsNotMissedBefore) {
  add_step(0);
  run_.info.layers.push_back(testing::layer_info("late", LayerFamily::pooling, {{sum_}}));
  run_.info.layers.back().first_step = 1;
  EXPECT_EQ(found(), Sentences{});
  run_.info.layers.back().first_step = 0;
  EXPECT_EQ(found(), (Sentences{"step 0: no a of 'late'", "step 0: no grad_a of 'late'"}));
}

TEST_F(CheckRunTest, EdgesLeadSomewhere) {
  run_.info.layers[static_cast<std::size_t>(fc1_)].inputs[0].from = 7;
  run_.info.params[0].users = {9};
  run_.info.outputs = {-3};
  run_.info.layers[static_cast<std::size_t>(act_)].block = 1;
  EXPECT_EQ(found(), (Sentences{"layer 'fc1' reads layer 7, which is not there",
                                "layer 'act' stands in block 1, which is not there",
                                "parameter 'fc1.weight' is used by layer 9, which is not there",
                                "the loss reads layer -3, which is not there"}));
}

TEST_F(CheckRunTest, SaysWhatTheGraphLacks) {
  run_.info.layers[static_cast<std::size_t>(act_)].traits.reset();
  run_.info.layers[static_cast<std::size_t>(fc1_)].fan_in = 0;
  run_.info.params.pop_back();
  EXPECT_EQ(check_graph(run_.info),
            (Sentences{"layer 'fc1' has no fan_in or no fan_out: the books cannot split it",
                       "layer 'act' has no traits: rules about its kind are silent",
                       "layer 'fc2' has no weight among the parameters"}));
  run_.info = builder_.info();
  run_.info.layers[static_cast<std::size_t>(fc1_)].inputs[0].from = act_;
  EXPECT_EQ(check_graph(run_.info),
            (Sentences{"layer 'fc1' depends on its own output: edges form a circle",
                       "no layer reads 'x', 'sum', and none is named as an output"}));
}

TEST_F(CheckRunTest, RecordsNameWhatIsThere) {
  add_step(0);
  run_.steps[0].sketches[0].site.id = 40;
  EXPECT_EQ(found(), Sentences{"step 0: a sketch of a of layer 40, which is not there"});
  run_.steps.clear();
  EXPECT_EQ(found(), Sentences{"no step was measured"});
  add_step(4);
  add_step(4);
  EXPECT_EQ(found(), Sentences{"step 4: comes after step 4, expected ascending steps"});
}

TEST_F(CheckRunTest, NamesDataThatCannotBe) {
  add_step(0);
  run_.info.data_info = DataInfo{.samples = 4,
                                 .inputs = {{"", 0, 1, -1, 1}, {"age", 0, -1, 2, 1}},
                                 .targets = {{"y", 0, 1, 0, 1}},
                                 .class_sizes = {0, 0}};
  run_.info.baseline = Baseline{.loss = 1, .loss_deviation = -1, .accuracy = 50};
  EXPECT_EQ(found(), (Sentences{"column 2 ('age') has a negative deviation",
                                "column 2 ('age') has a smallest value above its largest",
                                "no class has a label",
                                "the data have classes and values as targets, expected one of them",
                                "the baseline has an accuracy outside 0 to 1",
                                "the baseline has a negative deviation"}));
}

TEST_F(CheckRunTest, NamesSignalsThatCannotBe) {
  add_step(0);
  run_.steps[0].signals = {{x_, 3, 0.5, 2}, {act_, -1, 1.5, -2}};
  EXPECT_EQ(found(),
            (Sentences{"step 0: the signal of 'act' has a negative number of samples",
                       "step 0: the similarity of samples of 'act' is outside -1 to 1",
                       "step 0: the signal of 'act' has a negative number of directions"}));
  run_.steps[0].signals = {{7, 3, 0.5, 2}};
  EXPECT_EQ(found(), (Sentences{"step 0: the signal of layer 7, which is not there"}));
}

}  // namespace
}  // namespace plumb
