// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/derivative.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <vector>

#include "plumb/kernels/activations/from_text.h"

namespace plumb {
namespace {

constexpr std::int64_t kSamples = 40, kUnits = 30;

RunInfo info_of(const std::string& function) {
  RunInfo info;
  LayerInfo layer;
  layer.path = layer.kind = function;
  layer.family = LayerFamily::activation;
  layer.traits = activation_from_text(function).traits;
  info.layers.push_back(layer);
  return info;
}

/// Short of 3, where hardswish has a corner.
double value_at(std::int64_t i) { return 2.9 * std::sin(0.37 * static_cast<double>(i) + 0.1); }

ActivationRecord told(const std::string& function, const StridedView& view, bool is_output) {
  const RunInfo info = info_of(function);
  Recorder recorder(info);
  StepRecord record;
  recorder.begin(record);
  DerivativeJudge judge(function);
  judge.tell(recorder, 0, ObservedView(view), is_output);
  recorder.finish();
  EXPECT_EQ(record.activations.size(), 1u);
  return record.activations.empty() ? ActivationRecord{} : record.activations[0];
}

/// log2 rms of central differences of the definition's own value.
double expected_log2(const std::string& function) {
  const ActivationDefinition definition = activation_from_text(function);
  double squares = 0;
  for (std::int64_t i = 0; i < kSamples * kUnits; ++i) {
    const double x = value_at(i), h = 1e-6;
    const double slope =
        std::visit([&](const auto& op) { return (op.value(x + h) - op.value(x - h)) / (2 * h); },
                   definition.op);
    squares += slope * slope;
  }
  return 0.5 * std::log2(squares / (kSamples * kUnits));
}

TEST(DerivativeTest, AgreesWithDifferencesOfTheValue) {
  const std::int64_t sizes[] = {kSamples, kUnits}, rows[] = {kUnits, 1}, turned[] = {1, kSamples};
  for (const char* function :
       {"relu", "tanh", "sigmoid", "gelu", "gelu approximate=tanh", "silu", "mish", "elu 1", "selu",
        "leaky_relu 0.2", "hardtanh -1 1", "softplus", "hardswish"}) {
    std::vector<double> doubles(kSamples * kUnits), transposed(kSamples * kUnits);
    std::vector<float> floats(kSamples * kUnits);
    for (std::int64_t i = 0; i < kSamples * kUnits; ++i) {
      const auto at = static_cast<std::size_t>(i);
      doubles[at] = value_at(i);
      floats[at] = static_cast<float>(doubles[at]);
      transposed[static_cast<std::size_t>(i % kUnits * kSamples + i / kUnits)] = doubles[at];
    }
    const double expected = expected_log2(function);
    const auto log2_of = [&](const void* data, ElementType type, const auto& strides) {
      return told(function, {data, type, sizes, strides}, false).log2_rms_derivative;
    };
    EXPECT_NEAR(log2_of(doubles.data(), ElementType::f64, rows), expected, 1e-5) << function;
    EXPECT_NEAR(log2_of(transposed.data(), ElementType::f64, turned), expected, 1e-5) << function;
    EXPECT_NEAR(log2_of(floats.data(), ElementType::f32, rows), expected, 1e-5) << function;
  }
}

TEST(DerivativeTest, TheOutputTellsWhereItCan) {
  const std::int64_t sizes[] = {kSamples, kUnits}, rows[] = {kUnits, 1};
  for (const char* function : {"relu", "tanh", "sigmoid", "leaky_relu 0.2", "hardtanh -1 1"}) {
    ASSERT_TRUE(DerivativeJudge(function).serves_output()) << function;
    const ActivationDefinition definition = activation_from_text(function);
    std::vector<double> outputs;
    for (std::int64_t i = 0; i < kSamples * kUnits; ++i) {
      outputs.push_back(
          std::visit([&](const auto& op) { return op.value(value_at(i)); }, definition.op));
    }
    const StridedView view(outputs.data(), ElementType::f64, sizes, rows);
    const ActivationRecord record = told(function, view, true);
    EXPECT_NEAR(record.log2_rms_derivative, expected_log2(function), 1e-5) << function;
    EXPECT_EQ(record.units, kUnits);
  }
  EXPECT_FALSE(DerivativeJudge("gelu").serves_output());
  EXPECT_FALSE(DerivativeJudge("leaky_relu -1").serves_output());
}

TEST(DerivativeTest, AUnitThatIsSilentForAllSamplesIsDead) {
  const std::int64_t sizes[] = {kSamples, kUnits}, rows[] = {kUnits, 1};
  std::vector<float> z(kSamples * kUnits);
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = i % kUnits < 3 ? -1.0F : static_cast<float>(value_at(static_cast<std::int64_t>(i)));
  }
  const ActivationRecord record = told("relu", {z.data(), ElementType::f32, sizes, rows}, false);
  EXPECT_EQ(record.dead_units, 3);
}

/// Units along the last axis, or along the second one of images; more elements than are read at once.
TEST(DerivativeTest, ReluCountsWhatIsNotAtMostZero) {
  constexpr std::int64_t kRows = 50, kWide = 67, kPlaces = 35;
  const std::int64_t flat[] = {kRows, kWide}, flat_strides[] = {kWide, 1};
  const std::int64_t tokens[] = {5, kRows / 5, kWide},
                     token_strides[] = {kRows / 5 * kWide, kWide, 1};
  const std::int64_t images[] = {kRows, kWide, 5, kPlaces / 5},
                     image_strides[] = {kWide * kPlaces, kPlaces, kPlaces / 5, 1};
  const float odd[] = {0.0F, -0.0F, 1e-42F, -1e-42F, std::nanf(""), HUGE_VALF, -HUGE_VALF};
  std::vector<float> z(kRows * kWide * kPlaces);
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = i % 11 == 0 ? odd[i / 11 % std::size(odd)]
                       : static_cast<float>(value_at(static_cast<std::int64_t>(i)));
  }
  const auto check = [&](std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                         int unit_axis) {
    const auto rank = sizes.size();
    std::int64_t elements = 1, places = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      elements *= sizes[axis];
      if (axis > static_cast<std::size_t>(unit_axis)) places *= sizes[axis];
    }
    std::vector<std::int64_t> active(kWide);
    std::int64_t silent = 0;
    for (std::int64_t i = 0; i < elements; ++i) {
      float& x = z[static_cast<std::size_t>(i)];
      const std::int64_t unit = i / places % kWide;
      if (unit % 13 == 0) x = -std::abs(x);
      const bool is_shut = x <= 0;
      active[static_cast<std::size_t>(unit)] += !is_shut;
      silent += is_shut;
    }
    std::vector<Axis> axes(rank, Axis::place);
    axes[0] = Axis::sample;
    axes[static_cast<std::size_t>(unit_axis)] = Axis::unit;
    const StridedView view(z.data(), ElementType::f32, sizes, strides);
    const RunInfo info = info_of("relu");
    Recorder recorder(info);
    StepRecord record;
    recorder.begin(record);
    DerivativeJudge("relu").tell(recorder, 0, ObservedView(view, axes), false);
    recorder.finish();
    ASSERT_EQ(record.activations.size(), 1u);
    const ActivationRecord& found = record.activations[0];
    const auto all = static_cast<double>(elements);
    const double shut = static_cast<double>(silent) / all;
    EXPECT_EQ(found.units, kWide);
    EXPECT_EQ(found.window_samples, static_cast<std::uint64_t>(sizes[0]));
    EXPECT_EQ(found.dead_units, std::count(active.begin(), active.end(), 0));
    EXPECT_DOUBLE_EQ(found.active_fraction, (all - static_cast<double>(silent)) / all);
    EXPECT_NEAR(found.saturated_fraction, shut, 1e-12);
    EXPECT_NEAR(found.log2_rms_derivative, 0.5 * std::log2(1 - shut), 1e-12);
  };
  check(flat, flat_strides, 1);
  check(tokens, token_strides, 2);
  check(images, image_strides, 1);
}

}  // namespace
}  // namespace plumb
