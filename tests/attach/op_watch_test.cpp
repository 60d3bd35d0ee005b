// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_watch.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plumb/store/run_file.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

/// One linear layer whose weight, gradient and tensors are numbers of ours.
class OneLayer : public TrainingReader {
 public:
  int data_node = 0, weight_node = 0, linear_node = 0, loss_node = 0;
  std::array<float, 4> weight{1, 2, 3, 4}, grad{1, 1, 1, 1}, x{1, -1, 2, -2}, z{3, 3, 3, 3};
  bool has_gradient = true;

  static StridedView view(const std::array<float, 4>& values) {
    const std::int64_t sizes[] = {2, 2}, strides[] = {2, 1};
    return {values.data(), ElementType::f32, sizes, strides};
  }
  std::vector<AutogradNode> edges(AutogradNode node) const override {
    if (node == &loss_node) return {&linear_node};
    if (node == &linear_node) return {nullptr, &weight_node};
    return {};
  }
  std::string parameter(AutogradNode node) const override {
    return node == &weight_node ? "fc.weight" : "";
  }
  std::optional<StridedView> value(std::size_t) const override { return view(weight); }
  std::optional<StridedView> gradient(std::size_t) const override {
    return has_gradient ? std::optional(view(grad)) : std::nullopt;
  }
  std::optional<StridedView> result(std::size_t) const override { return view(z); }
  std::optional<StridedView> data(std::size_t) const override { return view(x); }
  double learning_rate() const override { return 0.5; }
};

class OpWatchTest : public ::testing::Test {
 protected:
  void forward(const char* name = "aten::linear") {
    watch.pass_begins();
    if (!watch.is_recording()) return;
    if (watch.is_learning()) {
      OpEvent event;
      event.name = "linear";
      event.node = &layer.linear_node;
      event.sizes = {2, 2};
      event.read_count = 4;
      event.data = layer.x.data();
      event.data_sizes = {2, 2};
      watch.learn(event, name, tensors());
    } else if (const PlannedOp* const op = watch.next(name)) {
      watch.tell(*op, tensors());
    }
  }
  OpTensors tensors() const {
    return {OneLayer::view(layer.z), OneLayer::view(layer.x), OneLayer::view(layer.x)};
  }
  void backward(double loss = 1) {
    watch.before_backward(loss, &layer.loss_node);
    for (const PlannedOp& op : watch.plan()) {
      if (watch.is_recording() && op.gradient != kNoLayer) {
        watch.gradient(op.gradient, OneLayer::view(layer.grad), op.gradient_layout);
      }
    }
    watch.after_backward();
  }
  void update() {
    for (float& w : layer.weight) w -= 0.25F;
  }
  plumb::Run finish() {
    watch.close("finished");
    return load_run(dir.file("op_watch.plumb"));
  }

  testing::TempDir dir;
  OneLayer layer;
  OpWatch watch{{.path = dir.file("op_watch.plumb"), .record = "every=1"},
                layer,
                {{"", "Net", "", false, true}, {"fc", "Linear", "Linear(2, 2)", false, true}},
                {{"fc.weight", {2, 2}}}};
};

const Sketch& sketch_of(const plumb::Run& run, std::size_t step, const std::string& site) {
  for (const SketchRecord& one : run.steps.at(step).sketches) {
    if (run.info.name_of(one.site) == site) return one.sketch;
  }
  ADD_FAILURE() << "no " << site << " in step " << step;
  static const Sketch none;
  return none;
}

TEST_F(OpWatchTest, EveryStepHasValuesGradientsAndUpdates) {
  for (int i = 0; i < 3; ++i) {
    forward();
    backward();
    update();
    watch.after_step();
  }
  const plumb::Run run = finish();
  ASSERT_EQ(run.steps.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(run.steps[i].sketches.size(), 6u);
    EXPECT_EQ(run.steps[i].loss, 1);
    EXPECT_EQ(run.steps[i].learning_rate, 0.5);
    EXPECT_EQ(sketch_of(run, i, "input/a").abs_max, 2);
    EXPECT_EQ(sketch_of(run, i, "fc/z").mean, 3);
    EXPECT_EQ(sketch_of(run, i, "fc/grad_z").mean, 1);
    EXPECT_EQ(sketch_of(run, i, "fc.weight/update").mean, -0.25);
  }
}

TEST_F(OpWatchTest, ParametersThatChangedEndTheStep) {
  for (int i = 0; i < 3; ++i) {
    forward();
    backward();
    update();
  }
  const plumb::Run run = finish();
  ASSERT_EQ(run.steps.size(), 3u);
  EXPECT_EQ(sketch_of(run, 0, "fc.weight/update").mean, -0.25);
}

TEST_F(OpWatchTest, PassesBetweenUpdatesAreOneStepWithTheLastGradients) {
  forward();
  backward(2);
  layer.grad = {2, 2, 2, 2};
  forward();
  backward(3);
  update();
  const plumb::Run run = finish();
  ASSERT_EQ(run.steps.size(), 1u);
  EXPECT_EQ(run.steps[0].passes, 2);
  EXPECT_EQ(run.steps[0].loss, 5);
  EXPECT_EQ(sketch_of(run, 0, "fc.weight/grad_weight").count, 4u);
  EXPECT_EQ(sketch_of(run, 0, "fc.weight/grad_weight").mean, 2);
  EXPECT_EQ(sketch_of(run, 0, "fc/z").count, 8u);
}

TEST_F(OpWatchTest, GradientsThatWereResetEndAStepThatChangedNothing) {
  forward();
  backward();
  layer.has_gradient = false;
  forward();
  backward();
  EXPECT_EQ(finish().steps.size(), 2u);
}

TEST_F(OpWatchTest, WithAfterStepGradientsAreThoseThatTheOptimiserUsed) {
  forward();
  backward();
  layer.grad = {0.5, 0.5, 0.5, 0.5};  // clipped
  update();
  watch.after_step();
  EXPECT_EQ(sketch_of(finish(), 0, "fc.weight/grad_weight").mean, 0.5);
}

TEST_F(OpWatchTest, AnotherPassIsLearnedAnew) {
  forward();
  backward();
  update();
  watch.after_step();
  forward();
  EXPECT_EQ(watch.next("aten::relu"),
            nullptr);  // one more than was learned: the step is not measured
  EXPECT_FALSE(watch.is_recording());
  backward();
  update();
  watch.after_step();
  forward();
  EXPECT_TRUE(watch.is_learning());
  backward();
  update();
  watch.after_step();
  const plumb::Run run = finish();
  ASSERT_EQ(run.steps.size(), 3u);
  EXPECT_FALSE(run.steps[1].measured);
  EXPECT_EQ(run.steps[2].sketches.size(), 6u);
  EXPECT_EQ(run.info.layers.size(), 2u);
}

}  // namespace
}  // namespace plumb
