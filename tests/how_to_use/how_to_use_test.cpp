// SPDX-License-Identifier: Apache-2.0
// The code that public headers show under "How to use": each block stands here word for word, which
// tools/check_docs holds, and is run.
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "plumb/attach/session.h"
#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"
#include "plumb/cure/cure.h"
#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/monitor/monitor.h"
#include "plumb/observe/recorder.h"
#include "plumb/observe/run_builder.h"
#include "plumb/store/run_file.h"
#include "plumb/theory/activation_function.h"
#include "plumb/theory/mean_field.h"
#include "plumb/train/run_training.h"
#include "plumb/zoo/score.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

/// In a folder of its own, so that blocks may write files.
class HowToUse : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override { std::filesystem::current_path(before_); }

  static TrainConfig sigmoid_chain() {
    TrainConfig config;
    config.network = "flatten > 12 x [dense 16 > sigmoid] > dense 10";
    config.data = "glyphs?n=120";
    config.learning_rate = 0.1;
    config.steps = 24;
    return config;
  }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
  testing::TempDir folder_;
};

ConstView numbers(const Shape& shape) {
  static std::deque<Tensor> kept;
  Tensor& tensor = kept.emplace_back(shape, DType::f32);
  const Rng rng(kept.size(), "how to use");
  std::uint64_t index = 0;
  for (float& value : tensor.as<float>()) value = 1 + static_cast<float>(rng.normal(index++));
  return tensor.view();
}

/// A linear layer and its activation as another framework would describe them, and its tensors.
struct Foreign {
  RunBuilder run;
  LayerId x = run.add_input("x", 8);
  LayerId fc1 = run.add_layer("fc1", "Linear", LayerFamily::linear, {{x}});
  ParamId w1 = run.add_weight(fc1, "fc1.weight", {.outputs = 4, .inputs = 8});
  LayerId relu1 = run.add_layer("relu1", "ReLU", LayerFamily::activation, {{fc1}});
  ConstView z = numbers(Shape{16, 4}), df = numbers(Shape{16, 4});
  StridedView grad_z = numbers(Shape{16, 4});
  ConstView value = numbers(Shape{4, 8}), grad = numbers(Shape{4, 8}),
            update = numbers(Shape{4, 8});
};

TEST_F(HowToUse, Recorder) {
  Foreign foreign;
  const auto& [run, x, fc1, w1, relu1, z, df, grad_z, value, grad, update] = foreign;
  const double loss_scale_log2 = 10;
  const RunInfo& info = run.info();

  Recorder recorder(info);  // info: the graph, see observe/run_builder.h
  StepRecord record;
  recorder.begin(record);          // only in steps that are measured
  recorder.output(fc1, z);         // forward: what each layer gives
  recorder.derivative(relu1, df);  // f'(z) of an activation
  recorder.gradient(fc1, {grad_z, {Axis::sample, Axis::unit}, -loss_scale_log2});
  recorder.parameter(w1, Role::weight, value);  // before the update
  recorder.parameter(w1, Role::grad_weight, grad);
  recorder.parameter(w1, Role::update, update);
  recorder.finish();  // record is complete

  ASSERT_NE(record.find({fc1, Role::grad_z}), nullptr);
}

TEST_F(HowToUse, Trainer) {
  const TrainConfig config = sigmoid_chain();

  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);  // SpecError says what is wrong, and where
  RunWriter file("deep.plumb");   // any RecordSink, or none
  file.begin(trainer.info());
  while (!trainer.done()) file.add(trainer.step());
  file.end({.reason = "finished", .steps = trainer.step_count()});
  file.close();
  const Evaluation after = trainer.evaluate(data.validation);

  EXPECT_GT(after.loss, 0);
  EXPECT_EQ(load_run("deep.plumb").steps.size(), 24U);
}

TEST_F(HowToUse, RunFile) {
  const auto run = train(sigmoid_chain());

  RunWriter writer("deep.plumb");  // StoreError where it cannot be made
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end(*run.end);
  writer.close();  // throws what went wrong, once

  RunReader reader("deep.plumb", LoadOptions::without_histograms());
  Diagnosis diagnosis(reader.info());
  for (StepRecord step; reader.next(step);) diagnosis.add(step);

  EXPECT_FALSE(diagnosis.view().measured().empty());
}

TEST_F(HowToUse, Diagnosis) {
  const auto run = train(sigmoid_chain());

  Diagnosis diagnosis(run.info);
  for (const StepRecord& step : run.steps) diagnosis.add(step);
  const std::vector<Finding>& findings = diagnosis.findings();
  for (const Finding& finding : findings) {
    std::printf("%s: %s\n", finding.rule.c_str(),  // facts; the words are made of them
                words_of(run.info, findings, finding).symptom.c_str());
  }

  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.front().rule, "vanishing_gradient");
}

TEST_F(HowToUse, Cure) {
  TrainConfig patient = sigmoid_chain();
  patient.steps = 6;

  CureData data(patient);  // loads patient.data
  CureOptions options;
  options.keep = {CureGroup::depth};  // and what else must stay as it is
  options.budget = 40;                // trainings
  const CureReport report = cure(patient, data, options);
  if (report.ending == CureEnding::cured) {
    const TrainConfig& well = report.cured_config();
    std::printf("%s: better by %.3f to %.3f\n", well.network.c_str(),  // the 95 % interval
                report.over_untreated.low, report.over_untreated.high);
  }

  EXPECT_GT(report.trainings, 0);
}

TEST_F(HowToUse, MeanField) {
  using namespace theory;

  const MomentGrid grid(make_activation("tanh"));
  const MeanField field = analyse(grid, {.weight_std = 1.5, .bias_std = 0.1});
  if (field.phase == Phase::chaotic) {
    std::printf("the squared gradient grows by e in %.1f layers\n", -field.xi_grad);
  }

  EXPECT_EQ(field.phase, Phase::chaotic);
}

TEST_F(HowToUse, Session) {
  Foreign foreign;
  const RunInfo& info = foreign.run.info();
  const LayerId fc1 = foreign.fc1;
  const ConstView z = foreign.z;
  const std::int64_t steps = 3;
  const double loss = 0.5;

  Session session({.path = "watched.plumb"});
  session.draft() = info;  // or filled while the first step computes
  for (std::int64_t i = 0; i < steps; ++i) {
    if (session.begin_step(i)) session.recorder().output(fc1, z);
    session.record().loss = loss;
    session.end_step();
  }
  session.end("finished");

  EXPECT_EQ(load_run("watched.plumb").steps.size(), 3U);
}

TEST_F(HowToUse, Monitor) {
  Foreign foreign;
  const RunInfo& info = foreign.run.info();
  const LayerId fc1 = foreign.fc1;
  const ConstView z = foreign.z;
  const std::int64_t steps = 3;
  const double loss = 0.5;

  Monitor monitor(info, {.record = "every=10"});
  for (std::int64_t i = 0; i < steps; ++i) {
    Monitor::Step step = monitor.step(i);
    Recorder* const recorder = step.recorder();  // null where the step is not due
    if (recorder != nullptr) recorder->output(fc1, z);
    step.loss(loss);
  }
  for (const Finding& finding : monitor.findings()) std::puts(finding.rule.c_str());

  EXPECT_EQ(monitor.run().steps.size(), 3U);
}

TEST_F(HowToUse, Score) {
  using namespace zoo;

  const Score result = score({.half = Half::open, .only = {"sigmoid_depth"}, .seeds = 1});
  std::puts(score_text(result, /*details=*/true).c_str());

  EXPECT_EQ(result.trials.size(), 1U);
}

}  // namespace
}  // namespace plumb
