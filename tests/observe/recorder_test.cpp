// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "plumb/core/error.h"
#include "plumb/stats/sketch.h"
#include "tests/observe/stored.h"
#include "tests/support/allocation_count.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::kAct;
using testing::kFc1;
using testing::kFc2;
using testing::kX;
using testing::Stored;

constexpr ParamId kW1 = 0, kW2 = 1;

/// Of plain doubles, two passes.
void expect_sketch_of(const Sketch* sketch, const std::vector<double>& values,
                      double log2_scale = 0) {
  ASSERT_NE(sketch, nullptr);
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double m2 = 0, abs_max = 0;
  std::uint64_t zeros = 0;
  for (const double v : values) {
    m2 += (v - mean) * (v - mean);
    abs_max = std::max(abs_max, std::abs(v));
    zeros += v == 0 ? 1 : 0;
  }
  EXPECT_EQ(sketch->count, values.size());
  EXPECT_EQ(sketch->zero_count, zeros);
  EXPECT_EQ(sketch->abs_max, abs_max);
  EXPECT_NEAR(sketch->mean, mean, 1e-5);
  EXPECT_NEAR(sketch->m2, m2, 1e-5 * m2);
  EXPECT_EQ(sketch->histogram.total(), values.size() - zeros);
  const double squares = m2 + n * mean * mean;
  EXPECT_NEAR(sketch->true_log2_rms(), 0.5 * std::log2(squares / n) + log2_scale, 1e-5);
}

std::vector<double> joined(const std::vector<std::vector<double>>& parts) {
  std::vector<double> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

double log2_rms_of(const std::vector<double>& values) {
  double squares = 0;
  for (const double v : values) squares += v * v;
  return 0.5 * std::log2(squares / static_cast<double>(values.size()));
}

class RecorderTest : public ::testing::Test {
 protected:
  const Sketch* layer(LayerId id, Role role, std::int32_t output = 0) {
    return record_.find(Site::layer(id, role, output));
  }
  const Sketch* param(ParamId id, Role role) { return record_.find(Site::param(id, role)); }

  RunInfo info_ = testing::small_graph();
  Recorder recorder_{info_};
  StepRecord record_;
};

TEST_F(RecorderTest, SketchesEveryElementTypeAndStride) {
  const std::vector<double> values = testing::eighths(4000, 1);
  for (const ElementType type : testing::kElementTypes) {
    const Stored stored(values, type);
    for (const StridedView& view : {stored.view({40, 100}), stored.view({100, 40}, {1, 100})}) {
      recorder_.begin(record_);
      recorder_.output(kFc1, view);
      recorder_.gradient(kFc1, ObservedView(view, {Axis::sample, Axis::unit}, -10));
      recorder_.parameter(kW1, Role::weight, view);
      recorder_.finish();
      expect_sketch_of(layer(kFc1, Role::z), values);
      expect_sketch_of(layer(kFc1, Role::grad_z), values, -10);
      expect_sketch_of(param(kW1, Role::weight), values);
    }
  }
}

TEST_F(RecorderTest, AScaleNeedNotBeAPowerOfTwo) {
  const std::vector<double> values = testing::eighths(300, 1);
  const Stored stored(values, ElementType::f32);
  recorder_.begin(record_);
  recorder_.gradient(kFc1, ObservedView(stored.view({3, 100})).scaled(std::log2(3)));
  recorder_.finish();
  expect_sketch_of(layer(kFc1, Role::grad_z), values, std::log2(3));
}

TEST_F(RecorderTest, TheRolesAreThoseOfTheFamily) {
  const Stored stored(testing::eighths(8, 1), ElementType::f32);
  recorder_.begin(record_);
  for (const LayerId id : {kX, kFc1, kAct}) {
    recorder_.output(id, stored.view({2, 4}));
    recorder_.gradient(id, stored.view({2, 4}));
  }
  recorder_.finish();
  EXPECT_NE(layer(kX, Role::a), nullptr);
  EXPECT_NE(layer(kX, Role::grad_a), nullptr);
  EXPECT_NE(layer(kFc1, Role::z), nullptr);
  EXPECT_NE(layer(kAct, Role::grad_a), nullptr);
  EXPECT_EQ(record_.sketches.size(), 6U);
  // What was not told is absent, not zero.
  EXPECT_EQ(layer(kFc2, Role::z), nullptr);
  EXPECT_TRUE(record_.measured);
  EXPECT_EQ(record_.passes, 1);
}

TEST_F(RecorderTest, CallsAndPassesMergeIntoOneTensor) {
  std::vector<std::vector<double>> outputs, gradients;
  for (std::uint64_t i = 0; i < 6; ++i) {
    outputs.push_back(testing::eighths(100 + 10 * i, i));
    gradients.push_back(testing::eighths(100 + 10 * i, 50 + i));
  }
  recorder_.begin(record_);
  for (std::size_t pass = 0; pass < 2; ++pass) {
    if (pass > 0) recorder_.next_pass();
    for (std::size_t call = 0; call < 3; ++call) {
      const auto& values = outputs[3 * pass + call];
      recorder_.output(
          kFc1,
          Stored(values, ElementType::f32).view({1, static_cast<std::int64_t>(values.size())}));
    }
    for (std::size_t call = 3; call-- > 0;) {  // they come back from the last
      const auto& values = gradients[3 * pass + call];
      recorder_.gradient(
          kFc1,
          Stored(values, ElementType::f16).view({1, static_cast<std::int64_t>(values.size())}));
    }
  }
  recorder_.finish();
  EXPECT_EQ(record_.passes, 2);
  EXPECT_EQ(record_.sketches.size(), 2U);
  expect_sketch_of(layer(kFc1, Role::z), joined(outputs));
  expect_sketch_of(layer(kFc1, Role::grad_z), joined(gradients));
  const auto expect_inner = [&](std::string_view name, Axis axis,
                                const std::vector<std::vector<double>>& slices) {
    const InnerRecord* it = record_.inner_of(kFc1, name, axis);
    ASSERT_NE(it, nullptr) << name;
    ASSERT_EQ(it->values.size(), slices.size());
    for (std::size_t i = 0; i < slices.size(); ++i) {
      EXPECT_NEAR(it->values[i], log2_rms_of(slices[i]), 1e-5) << name << i;
    }
  };
  for (const auto& [name, all] :
       {std::pair("z_log2_rms", &outputs), std::pair("grad_z_log2_rms", &gradients)}) {
    const auto& one = *all;
    expect_inner(name, Axis::call,
                 {joined({one[0], one[3]}), joined({one[1], one[4]}), joined({one[2], one[5]})});
    expect_inner(name, Axis::pass,
                 {joined({one[0], one[1], one[2]}), joined({one[3], one[4], one[5]})});
  }
  EXPECT_EQ(record_.inner.size(), 4U);
}

TEST_F(RecorderTest, ACallWhoseGradientWasNeverSentIsNotZero) {
  const Stored stored(testing::eighths(8, 1), ElementType::f32);
  recorder_.begin(record_);
  recorder_.gradient(kFc1, stored.view({2, 4}), {.call = 2});
  recorder_.gradient(kFc1, stored.view({2, 4}), {.call = 0});
  recorder_.finish();
  ASSERT_EQ(record_.inner.size(), 1U);
  ASSERT_EQ(record_.inner[0].values.size(), 3U);
  EXPECT_TRUE(std::isnan(record_.inner[0].values[1]));
  EXPECT_EQ(record_.inner[0].values[0], record_.inner[0].values[2]);
}

TEST_F(RecorderTest, OutputsOfALayerAreSites) {
  const std::vector<double> h = testing::eighths(20, 1), c = testing::eighths(30, 2);
  const Stored first(h, ElementType::f32), second(c, ElementType::f32);
  for (int step = 0; step < 2; ++step) {
    recorder_.begin(record_);
    recorder_.output(kFc1, first.view({4, 5}));
    recorder_.output(kFc1, second.view({6, 5}), {.output = 1});
    recorder_.finish();
    EXPECT_EQ(record_.sketches.size(), 2U);
    expect_sketch_of(layer(kFc1, Role::z, 0), h);
    expect_sketch_of(layer(kFc1, Role::z, 1), c);
  }
}

TEST_F(RecorderTest, HeadsAreSlices) {
  const std::vector<double> values = testing::eighths(2 * 3 * 4 * 5, 8);
  const Stored stored(values, ElementType::bf16);
  const Axis axes[] = {Axis::sample, Axis::head, Axis::time, Axis::unit};
  recorder_.begin(record_);
  recorder_.gradient(kAct, ObservedView(stored.view({2, 3, 4, 5}), axes, -3));
  recorder_.finish();
  const InnerRecord* heads = record_.inner_of(kAct, "grad_a_log2_rms");
  ASSERT_NE(heads, nullptr);
  EXPECT_EQ(heads->axis, Axis::head);
  ASSERT_EQ(heads->values.size(), 3U);
  for (std::size_t head = 0; head < 3; ++head) {
    std::vector<double> slice;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i / 20 % 3 == head) slice.push_back(values[i]);
    }
    EXPECT_NEAR(heads->values[head], log2_rms_of(slice) - 3, 1e-5);
  }
  expect_sketch_of(layer(kAct, Role::grad_a), values, -3);
}

TEST_F(RecorderTest, PaddingDoesNotCount) {
  const std::vector<double> values = testing::eighths(3 * 4 * 2, 5);
  const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0};
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i / 2] != 0) kept.push_back(values[i]);
  }
  std::uint64_t steps = 0;
  for (const ElementType type : testing::kElementTypes) {
    const Stored stored(values, type);
    const ObservedView view = ObservedView(stored.view({3, 4, 2})).masked(mask.data(), {4, 1, 0});
    recorder_.begin(record_);
    recorder_.output(kFc1, view);
    recorder_.derivative(kAct, view);
    recorder_.finish();
    EXPECT_EQ(record_.activation(kAct)->window_samples, 3U * ++steps);
    expect_sketch_of(layer(kFc1, Role::z), kept);
    EXPECT_NEAR(record_.activation(kAct)->log2_rms_derivative, log2_rms_of(kept), 1e-5);
    EXPECT_EQ(record_.activation(kAct)->units, 2);
  }
}

/// f' of [samples, places, units], judged by the definition.
void expect_activation(const ActivationRecord& found, const std::vector<double>& derivatives,
                       std::int64_t units, double limit) {
  std::vector<bool> is_active(static_cast<std::size_t>(units));
  double below = 0, active = 0;
  for (std::size_t i = 0; i < derivatives.size(); ++i) {
    below += std::abs(derivatives[i]) < limit ? 1 : 0;
    active += derivatives[i] != 0 ? 1 : 0;
    if (derivatives[i] != 0) is_active[i % is_active.size()] = true;
  }
  const auto n = static_cast<double>(derivatives.size());
  EXPECT_EQ(found.units, units);
  EXPECT_EQ(found.dead_units, std::count(is_active.begin(), is_active.end(), false));
  EXPECT_DOUBLE_EQ(found.saturated_fraction, below / n);
  EXPECT_DOUBLE_EQ(found.active_fraction, active / n);
  EXPECT_NEAR(found.log2_rms_derivative, log2_rms_of(derivatives), 1e-5);
}

/// Zero for every unit but those that are multiples of three.
std::vector<double> derivatives(std::size_t rows, std::size_t units, std::uint64_t seed) {
  std::vector<double> values = testing::eighths(rows * units, seed);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i % units % 3 == 0 ? values[i] / 16 : 0;
  return values;
}

TEST_F(RecorderTest, UnitsAreJudgedAlongTheirAxisWhereverItIs) {
  // [sample 4, time 6, unit 50], in memory as it is and with time outermost.
  const std::vector<double> values = derivatives(24, 50, 4);
  std::vector<double> time_first(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t sample = i / 300, time = i / 50 % 6, unit = i % 50;
    time_first[(time * 4 + sample) * 50 + unit] = values[i];
  }
  for (const ElementType type : testing::kElementTypes) {
    const Stored plain(values, type), turned(time_first, type);
    Recorder recorder(info_);
    for (const ObservedView& view :
         {ObservedView(plain.view({4, 6, 50})), ObservedView(turned.view({4, 6, 50}, {50, 200, 1})),
          ObservedView(plain.view({50, 24}, {1, 50}), {Axis::unit, Axis::sample})}) {
      recorder.begin(record_);
      recorder.derivative(kAct, view);
      recorder.finish();
      ASSERT_EQ(record_.activations.size(), 1U);
      expect_activation(record_.activations[0], values, 50, kSaturatedDerivative);
    }
    // A sample counts once, however many time steps it has.
    EXPECT_EQ(record_.activations[0].window_samples, 4U + 4 + 24);
  }
}

TEST_F(RecorderTest, DerivativesOfAllCallsAndPartsAreOneBatch) {
  const std::vector<double> first = derivatives(10, 9, 4), second = derivatives(21, 9, 5);
  const Stored a(first, ElementType::f32), b(second, ElementType::f32);
  recorder_.begin(record_);
  recorder_.derivative(kAct, ConstView{a.view({10, 9}).data, DType::f32, Shape{10, 9}});
  recorder_.next_pass();
  recorder_.derivative(kAct, b.view({21, 9}));
  recorder_.finish();
  ASSERT_EQ(record_.activations.size(), 1U);
  EXPECT_EQ(record_.activations[0].window_samples, 31U);
  expect_activation(record_.activations[0], joined({first, second}), 9, kSaturatedDerivative);
}

TEST_F(RecorderTest, AnUnknownLargestDerivativeLeavesSaturationUnknown) {
  info_.layers[kAct].traits.reset();
  const Stored stored(derivatives(10, 9, 4), ElementType::f32);
  recorder_.begin(record_);
  recorder_.derivative(kAct, stored.view({10, 9}));
  recorder_.finish();
  EXPECT_TRUE(std::isnan(record_.activations[0].saturated_fraction));
  EXPECT_EQ(record_.activations[0].dead_units, 6);
}

TEST_F(RecorderTest, ParametersInPiecesAreTheWhole) {
  const std::vector<double> w = testing::eighths(10000, 1), g = testing::eighths(10000, 2);
  for (const ElementType type : testing::kElementTypes) {
    const Stored value(w, type), grad(g, type);
    recorder_.begin(record_);
    for (std::int64_t begin = 0; begin < 10000; begin += 3000) {
      const std::int64_t count = std::min<std::int64_t>(3000, 10000 - begin);
      const Piece piece{begin, 10000};
      recorder_.parameter(kW1, Role::weight, value.view({10000}).narrow(0, begin, count), piece);
      recorder_.parameter(kW1, Role::grad_weight,
                          ObservedView(grad.view({10000}).narrow(0, begin, count)).scaled(-5),
                          piece);
    }
    recorder_.parameter(kW2, Role::grad_weight, grad.view({10000}));
    recorder_.finish();
    expect_sketch_of(param(kW1, Role::weight), w);
    expect_sketch_of(param(kW1, Role::grad_weight), g, -5);
    EXPECT_EQ(param(kW2, Role::weight), nullptr);
    EXPECT_NEAR(recorder_.gradient_norm(),
                std::exp2(log2_rms_of(g)) * 100 * std::sqrt(1 + std::exp2(-10)), 1e-2);
  }
}

TEST_F(RecorderTest, GradientsThatAreTakenAgainStandInPlaceOfTheFirst) {
  const std::vector<double> first{1, 2, 3}, second{4, 0, 6};
  const auto tell = [&](const std::vector<double>& values) {
    const Shape shape{static_cast<std::int64_t>(values.size())};
    recorder_.parameter(kW1, Role::grad_weight,
                        ObservedView(StridedView(ConstView{values.data(), DType::f64, shape})));
  };
  recorder_.begin(record_);
  tell(first);
  EXPECT_THROW(tell(second), UsageError);
  recorder_.retake_gradients();
  tell(second);
  EXPECT_DOUBLE_EQ(recorder_.gradient_norm(), std::sqrt(52.0));
  recorder_.finish();
  expect_sketch_of(param(kW1, Role::grad_weight), second);
  EXPECT_EQ(record_.sketches.size(), 1u);
}

TEST_F(RecorderTest, UsesOfABlockAreCounted) {
  recorder_.begin(record_);
  recorder_.block_use(1, 10);
  recorder_.block_use(1, 7);
  recorder_.block_use(0, 0);
  recorder_.finish();
  EXPECT_EQ(record_.blocks, (std::vector<BlockUse>{{1, 2, 17}, {0, 1, 0}}));
}

TEST_F(RecorderTest, ABlockThatWasLeftOutIsTold) {
  recorder_.begin(record_);
  recorder_.block_use(1, 0, 0);
  recorder_.block_use(0, 12, 3);
  recorder_.finish();
  EXPECT_EQ(record_.blocks, (std::vector<BlockUse>{{1, 0, 0}, {0, 3, 12}}));
}

TEST_F(RecorderTest, AnyNumbersAreAnInnerQuantity) {
  const double first[] = {1, 2, 3}, second[] = {3, 2, 1};
  recorder_.begin(record_);
  recorder_.inner(kAct, "gate_mean", Axis::unit, first);
  recorder_.inner(kAct, "gate_mean", Axis::unit, second);
  recorder_.finish();
  ASSERT_EQ(record_.inner.size(), 1U);
  EXPECT_EQ(record_.inner[0].values, (std::vector<float>{2, 2, 2}));
}

TEST_F(RecorderTest, RowsAreComparedWhileRepeatedOnesAreFound) {
  const Stored twins({1, 2, 3, 1, 2, 3}, ElementType::f16),
      others({1, 2, 3, 4, 5, 6}, ElementType::f16);
  EXPECT_TRUE(recorder_.is_symmetry_due());
  recorder_.begin(record_);
  recorder_.symmetry(kW1, twins.view({2, 3}));
  recorder_.symmetry(kW2, twins.view({3, 2}, {1, 3}), 1);  // [in, out] in memory of [out, in]
  recorder_.finish();
  ASSERT_EQ(record_.symmetries.size(), 2U);
  for (const SymmetryRecord& one : record_.symmetries) {
    EXPECT_EQ(one.units, 2);
    EXPECT_EQ(one.duplicate_units, 1);
  }
  EXPECT_TRUE(recorder_.is_symmetry_due());
  recorder_.begin(record_);
  recorder_.symmetry(kW1, others.view({2, 3}));
  recorder_.finish();
  EXPECT_FALSE(recorder_.is_symmetry_due());
  recorder_.begin(record_);
  recorder_.finish();
  EXPECT_TRUE(record_.symmetries.empty());
}

TEST_F(RecorderTest, TheSumOfAJoinClosesIt) {
  const std::vector<double> branch = testing::eighths(12, 1), shortcut = testing::eighths(12, 2);
  const Stored a(branch, ElementType::f32), b(shortcut, ElementType::f32);
  recorder_.begin(record_);
  for (int pass = 0; pass < 2; ++pass) {
    if (pass > 0) recorder_.next_pass();
    recorder_.join_way(kX, {kFc1, 0, a.view({3, 4})});
    recorder_.join_way(kX, {kFc2, 1, b.view({3, 4})});
    recorder_.gradient(kX, a.view({3, 4}));
  }
  recorder_.finish();
  const JoinRecord* join = record_.join(kX);
  ASSERT_NE(join, nullptr);
  ASSERT_NE(join->from(kFc2), nullptr);
  EXPECT_NEAR(join->from(kFc2)->log2_rms, log2_rms_of(shortcut), 1e-6);
  EXPECT_NEAR(join->from(kFc1)->share + join->from(kFc2)->share, 1, 1e-12);
}

TEST_F(RecorderTest, WhatWasCountedElsewhereIsRecordedAsTheTensorsAre) {
  const std::vector<double> values = testing::eighths(24, 1), others = testing::eighths(24, 2);
  std::vector<double> slopes = testing::eighths(24, 3);
  for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] = i % 3 == 0 ? 0 : slopes[i] / 16;
  const Stored a(values, ElementType::f32), b(others, ElementType::f32);
  const Stored df(slopes, ElementType::f32);
  recorder_.begin(record_);
  recorder_.output(kFc1, a.view({6, 4}));
  recorder_.derivative(kAct, ObservedView(df.view({6, 4})));
  const double limit = recorder_.saturation_limit(kAct);
  recorder_.join_way(kX, {kFc1, 0, a.view({6, 4})});
  recorder_.join_way(kX, {kFc2, 1, b.view({6, 4})});
  recorder_.gradient(kX, b.view({6, 4}));
  recorder_.parameter(kW1, Role::grad_weight, b.view({6, 4}));
  const double norm = recorder_.gradient_norm();
  recorder_.finish();
  const StepRecord expected = record_;

  double aa = 0, ab = 0, bb = 0, squares = 0;
  std::uint64_t below = 0;
  std::vector<std::int64_t> active(4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    aa += values[i] * values[i];
    ab += values[i] * others[i];
    bb += others[i] * others[i];
    squares += slopes[i] * slopes[i];
    below += std::abs(slopes[i]) < limit ? 1 : 0;
    active[i % 4] += slopes[i] != 0 ? 1 : 0;
  }
  Recorder other(info_);
  StepRecord record;
  other.begin(record);
  other.output(kFc1, sketch(a.view({6, 4})));
  other.derivative(kAct, DerivativeCounts{6, 24, below, squares, active});
  const JoinProducts ways[] = {{kFc1, 0, 24, aa, aa + ab, 0}, {kFc2, 1, 24, bb, ab + bb, 0}};
  other.join(kX, ways);
  other.gradient(kX, sketch(b.view({6, 4})));
  other.parameter(kW1, Role::grad_weight, sketch(b.view({6, 4})));
  EXPECT_EQ(other.gradient_norm(), norm);
  other.finish();
  ASSERT_EQ(record.sketches.size(), expected.sketches.size());
  for (std::size_t i = 0; i < record.sketches.size(); ++i) {
    EXPECT_EQ(record.sketches[i].site, expected.sketches[i].site);
    EXPECT_EQ(record.sketches[i].sketch.m2, expected.sketches[i].sketch.m2);
  }
  ASSERT_EQ(record.activations.size(), 1U);
  EXPECT_NEAR(record.activations[0].log2_rms_derivative,
              expected.activations[0].log2_rms_derivative, 1e-6);
  EXPECT_EQ(record.activations[0].saturated_fraction, expected.activations[0].saturated_fraction);
  EXPECT_EQ(record.activations[0].active_fraction, expected.activations[0].active_fraction);
  EXPECT_EQ(record.activations[0].dead_units, expected.activations[0].dead_units);
  EXPECT_EQ(record.activations[0].window_samples, expected.activations[0].window_samples);
  for (const LayerId reader : {kFc1, kFc2}) {
    EXPECT_NEAR(record.join(kX)->from(reader)->share, expected.join(kX)->from(reader)->share,
                1e-12);
    EXPECT_NEAR(record.join(kX)->from(reader)->log2_rms, expected.join(kX)->from(reader)->log2_rms,
                1e-6);
  }
}

TEST_F(RecorderTest, AStepLikeAnEarlierOneAllocatesNothing) {
  const Stored stored(derivatives(24, 50, 4), ElementType::f16);
  const Stored floats(derivatives(24, 50, 4), ElementType::f32);
  const ConstView plain{floats.view({24, 50}).data, DType::f32, Shape{24, 50}};
  const ObservedView attention(stored.view({4, 6, 5, 10}),
                               {Axis::sample, Axis::time, Axis::head, Axis::unit});
  const double numbers[] = {1, 2, 3};
  const StridedView rows = stored.view({24, 50}), flat = stored.view({1200});
  const auto measure = [&] {
    recorder_.begin(record_);
    for (int pass = 0; pass < 2; ++pass) {
      if (pass > 0) recorder_.next_pass();
      for (int call = 0; call < 3; ++call) {
        recorder_.output(kFc1, plain);
        recorder_.output(kFc1, rows, {.output = 1});
        recorder_.output(kAct, attention);
      }
      recorder_.derivative(kAct, attention);
      recorder_.join_way(kFc1, {kAct, 0, rows});
      recorder_.join_way(kFc1, {kFc2, 0, rows});
      recorder_.gradient(kFc1, plain, -4);
      recorder_.inner(kAct, "a_name_that_is_longer_than_a_short_string", Axis::unit, numbers);
    }
    recorder_.block_use(0, 3);
    recorder_.parameter(kW1, Role::weight, flat.narrow(0, 0, 700), {0, 1200});
    recorder_.parameter(kW1, Role::weight, flat.narrow(0, 700, 500), {700, 1200});
    recorder_.parameter(kW1, Role::update, plain);
    recorder_.finish();
  };
  measure();
  measure();  // the window of activity has both halves now
  const std::int64_t before = testing::allocation_count();
  measure();
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST_F(RecorderTest, OrderIsThatOfTheFirstTelling) {
  const Stored stored(testing::eighths(8, 1), ElementType::f32);
  const StridedView view = stored.view({2, 4});
  const auto sites = [&](const std::vector<LayerId>& layers) {
    recorder_.begin(record_);
    for (const LayerId id : layers) recorder_.output(id, view);
    recorder_.finish();
    std::vector<LayerId> ids;
    for (const SketchRecord& one : record_.sketches) ids.push_back(one.site.id);
    return ids;
  };
  EXPECT_EQ(sites({2, 0, 1, 0}), (std::vector<LayerId>{2, 0, 1}));
  EXPECT_EQ(sites({1, 2}), (std::vector<LayerId>{1, 2}));
  EXPECT_EQ(sites({2, 0, 1, 0}), (std::vector<LayerId>{2, 0, 1}));
}

TEST_F(RecorderTest, AGraphMayGrowWithinAStep) {
  const std::vector<double> values = testing::eighths(8, 1);
  const Stored stored(values, ElementType::f32);
  recorder_.begin(record_);
  recorder_.output(kFc1, stored.view({2, 4}));
  info_.layers.push_back(testing::layer_info("late", LayerFamily::activation, {{kFc2}}));
  recorder_.output(4, stored.view({2, 4}));
  recorder_.derivative(4, stored.view({2, 4}));
  recorder_.finish();
  expect_sketch_of(layer(4, Role::a), values);
  EXPECT_NE(record_.activation(4), nullptr);
}

TEST_F(RecorderTest, NamesTheCallThatIsMissing) {
  const Stored stored(testing::eighths(100, 1), ElementType::f32);
  const StridedView view = stored.view({10, 10});
  const auto refused = [](auto call) { return testing::message_of<UsageError>(call); };
  EXPECT_EQ(refused([&] { recorder_.output(kFc1, view); }),
            "Recorder::output outside a step: call begin(record) first");
  EXPECT_EQ(refused([&] { recorder_.finish(); }),
            "Recorder::finish outside a step: call begin(record) first");
  recorder_.begin(record_);
  EXPECT_EQ(refused([&] { recorder_.begin(record_); }),
            "Recorder::begin within a step: call finish(), or abandon() where it failed");
  EXPECT_EQ(refused([&] { recorder_.gradient(7, view); }),
            "Recorder::gradient of layer 7, expected 0..3");
  EXPECT_EQ(refused([&] { recorder_.parameter(-1, Role::weight, view); }),
            "Recorder::parameter of parameter -1, expected 0..1");
  EXPECT_EQ(refused([&] { recorder_.parameter(kW1, Role::z, view); }),
            "Recorder::parameter of role z, expected weight, grad_weight or update");
  EXPECT_EQ(refused([&] { recorder_.block_use(2, 1); }),
            "Recorder::block_use of block 2, expected 0..1");
  recorder_.parameter(kW1, Role::weight, view);
  EXPECT_EQ(refused([&] { recorder_.parameter(kW1, Role::weight, view); }),
            "Recorder::parameter of 'fc1.weight/weight' twice in one step: parameters are taken "
            "once, after the last pass");
  recorder_.derivative(kAct, view);
  EXPECT_EQ(refused([&] {
              recorder_.derivative(kAct, stored.view({5, 20}));
            }),
            "Recorder::derivative of 'act': 20 units, expected 10 as before");
  recorder_.finish();
  EXPECT_THROW(recorder_.finish(), UsageError);
}

TEST_F(RecorderTest, PiecesOutOfOrderAreRefused) {
  const Stored stored(testing::eighths(100, 1), ElementType::f32);
  const auto tell = [&](ParamId id, std::int64_t begin, std::int64_t count) {
    recorder_.parameter(id, Role::grad_weight, stored.view({100}).narrow(0, begin, count),
                        {begin, 100});
  };
  const auto refused = [](auto call) { return testing::message_of<UsageError>(call); };
  recorder_.begin(record_);
  EXPECT_EQ(refused([&] { tell(kW1, 50, 50); }),
            "Recorder::parameter of 'fc1.weight/grad_weight': a piece that begins at 50 of 100, "
            "expected the first one, which begins at 0");
  tell(kW1, 0, 50);
  EXPECT_EQ(refused([&] { tell(kW2, 0, 50); }),
            "Recorder::parameter of 'fc2.weight/grad_weight': a piece that begins at 0 of 100, "
            "expected the one of 'fc1.weight/grad_weight' that begins at 50");
  EXPECT_EQ(refused([&] { recorder_.finish(); }),
            "Recorder::finish: the pieces of 'fc1.weight/grad_weight' ended at 50 of 100");
  recorder_.begin(record_);  // a step that failed leaves nothing behind
  tell(kW1, 0, 50);
  tell(kW1, 50, 50);
  recorder_.finish();
}

}  // namespace
}  // namespace plumb
