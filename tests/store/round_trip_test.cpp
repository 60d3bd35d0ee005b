// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

// Random bits reach NaN of every kind, infinities and denormals; whole numbers are what SQLite
// would like to store as integers.
double any_double() {
  return *rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                   [](std::uint64_t bits) { return std::bit_cast<double>(bits); }),
      rc::gen::element(0.0, -0.0, 1.0, -3.0, 1e300, 0x1p-1074, -HUGE_VAL, HUGE_VAL));
}

constexpr int kGraph = 5;  // layers, blocks and parameters

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}

template <class T>
T any_bits() {
  return static_cast<T>(*rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(),
                                        rc::gen::inRange<std::uint64_t>(0, 300)));
}

Sketch any_sketch() {
  Sketch sketch;
  sketch.count = any_bits<std::uint64_t>();
  sketch.nonfinite_count = any_bits<std::uint64_t>();
  sketch.zero_count = any_bits<std::uint64_t>();
  sketch.mean = any_double();
  sketch.m2 = any_double();
  sketch.abs_max = any_double();
  sketch.log2_scale = any<std::int16_t>();
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    const auto bin = static_cast<std::size_t>(*rc::gen::inRange(0, Sketch::kBins));
    sketch.histogram[bin] = any_bits<std::uint64_t>();
  }
  if (any<bool>()) {
    for (FormatLoss& loss : sketch.format_loss) {
      loss = {any_bits<std::uint64_t>(), any_bits<std::uint64_t>(), any_bits<std::uint64_t>()};
    }
  }
  return sketch;
}

StepRecord any_step(std::int64_t number) {
  StepRecord step;
  step.step = number;
  step.epoch = any_bits<std::int64_t>();
  for (double* value : {&step.time_s, &step.loss, &step.accuracy, &step.learning_rate,
                        &step.grad_norm, &step.clip_factor, &step.weight_decay_norm}) {
    *value = any_double();
  }
  if (any<bool>()) step.validation_loss = any_double();
  if (any<bool>()) step.validation_accuracy = any_double();
  if (any<bool>()) step.inference_loss = any_double();
  if (any<bool>()) step.inference_accuracy = any_double();
  step.passes = any_bits<std::int64_t>();
  step.skipped = any<bool>();
  step.measured = any<bool>();
  if (!step.measured) return step;  // the vectors are filled of measured steps alone
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    const Site site{*rc::gen::inRange(0, kGraph), static_cast<Role>(*rc::gen::inRange(0, 7)),
                    any<std::int32_t>()};
    step.sketches.push_back({site, any_sketch()});
  }
  const auto any_id = [] { return *rc::gen::inRange(0, kGraph); };
  const auto any_float = [] { return std::bit_cast<float>(any<std::uint32_t>()); };
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    step.activations.push_back({any_id(), any_double(), any_double(), any_double(),
                                any_bits<std::int64_t>(), any_bits<std::int64_t>(),
                                any_bits<std::uint64_t>()});
    JoinRecord& join = step.joins.emplace_back();
    join.layer = any_id();
    join.output = any<std::int32_t>();
    join.through = any_id() - 1;
    if (join.through != kNoLayer) join.log2_rms = any_double();
    for (int w = *rc::gen::inRange(0, 4); w > 0; --w) {
      join.ways.push_back({any_id() - 1, any<std::int32_t>(), any_double(), any_double()});
    }
    step.symmetries.push_back({any_id(), any_bits<std::int64_t>(), any_bits<std::int64_t>()});
    step.signals.push_back({any_id(), any<std::int32_t>(), any_double(), any_double()});
    InnerRecord& inner = step.inner.emplace_back();
    inner.layer = any_id() - 1;
    inner.output = any<std::int32_t>();
    inner.name = any<std::string>();
    inner.axis = static_cast<Axis>(*rc::gen::inRange(0, 8));
    for (int v = *rc::gen::inRange(0, 4); v > 0; --v) inner.values.push_back(any_float());
    step.blocks.push_back({any_id(), any_bits<std::int64_t>(), any_bits<std::int64_t>()});
  }
  return step;
}

TEST(RoundTripTest, EveryFieldOfARichRunComesBack) {
  const ScratchFolder folder;
  const plumb::Run run = rich_run();
  write_run(folder / "a.plumb", run);
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(run));
}

RC_GTEST_PROP(RoundTripTest, AnyStepsComeBack, ()) {
  const ScratchFolder folder;
  plumb::Run run;
  run.info.machine = any<std::string>();
  run.info.layers.resize(kGraph);
  run.info.blocks.resize(kGraph);
  run.info.params.resize(kGraph);
  std::int64_t number = any<std::int32_t>();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    run.steps.push_back(any_step(number));
    number += *rc::gen::inRange(1, 1000);
  }
  write_run(folder / "a.plumb", run);
  RC_ASSERT(describe(load_run(folder / "a.plumb")) == describe(run));
}

TEST(RoundTripTest, StepsAtTheEndsOfTheNumberRangeComeBack) {
  const ScratchFolder folder;
  plumb::Run run;
  run.steps.resize(2);
  run.steps[0].step = std::numeric_limits<std::int64_t>::min();
  run.steps[1].step = std::numeric_limits<std::int64_t>::max();
  run.info.layers.resize(1);
  for (StepRecord& step : run.steps) {
    step.measured = true;
    step.sketches.push_back({Site::layer(0, Role::z), {}});
  }
  write_run(folder / "a.plumb", run);
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(run));
  EXPECT_TRUE(load_steps_after(folder / "a.plumb", run.steps[1].step).empty());
}

TEST(RoundTripTest, StepsAfterOneAreThoseOfTheWholeRun) {
  const ScratchFolder folder;
  const plumb::Run run = plain_run(10, 14);
  write_run(folder / "a.plumb", run);
  const auto steps = load_steps_after(folder / "a.plumb", 6);
  ASSERT_EQ(steps.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(describe(steps[i]), describe(run.steps[7 + i]));
  EXPECT_EQ(load_steps_after(folder / "a.plumb", -1).size(), 10U);
  EXPECT_TRUE(load_steps_after(folder / "a.plumb", 9).empty());
}

TEST(RoundTripTest, ARunWithoutStepsFindingsOrEndComesBack) {
  const ScratchFolder folder;
  write_run(folder / "a.plumb", plumb::Run{});
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(plumb::Run{}));
}

// Byte planes of NaN with a payload and a sign: sketches and inner quantities keep even those.
TEST(RoundTripTest, RecordsComeBackBitForBit) {
  const ScratchFolder folder;
  plumb::Run run;
  run.info.layers.resize(1);
  StepRecord& step = run.steps.emplace_back();
  step.measured = true;
  step.sketches.resize(2);
  const auto odd_nan = std::bit_cast<double>(0xfff8dead00000001U);
  for (auto& [site, sketch] : step.sketches) site = Site::layer(0, Role::z);
  step.sketches[0].sketch.mean = odd_nan;
  step.sketches[1].sketch.m2 = -0.0;
  write_run(folder / "a.plumb", run);
  const auto sketches = load_run(folder / "a.plumb").steps[0].sketches;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(sketches[0].sketch.mean), 0xfff8dead00000001U);
  EXPECT_TRUE(std::signbit(sketches[1].sketch.m2));
}

}  // namespace
}  // namespace plumb
