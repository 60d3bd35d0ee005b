// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "plumb/core/parallel.h"
#include "plumb/core/rng.h"
#include "plumb/nn/spec/spec.h"

namespace plumb {
namespace {

/// What the definition says of an activation's output.
struct Expected {
  double log2_rms;
  double saturated_fraction, active_fraction;
  std::int64_t dead_units;
};

/// `slope`: of an output. Units are the second axis; row-major.
template <class Slope>
Expected by_definition(const std::vector<float>& y, const Shape& shape, double limit,
                       const Slope& slope) {
  const auto units = static_cast<std::size_t>(shape[1]);
  const std::size_t area = y.size() / static_cast<std::size_t>(shape[0] * shape[1]);
  std::vector<bool> is_active(units);
  double squares = 0, saturated = 0, active = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double d = slope(static_cast<double>(y[i]));
    squares += d * d;
    saturated += std::abs(d) < limit ? 1 : 0;
    active += d != 0 ? 1 : 0;
    if (d != 0) is_active[i / area % units] = true;
  }
  const auto n = static_cast<double>(y.size());
  return {0.5 * std::log2(squares / n), saturated / n, active / n,
          std::count(is_active.begin(), is_active.end(), false)};
}

// Derivatives are taken and judged a few samples at a time; batches here are larger than that, and
// no multiple of it.
template <class Slope>
void expect_whole_batch(const char* text, const Shape& sample, std::int64_t batch, double limit,
                        const Slope& slope) {
  SCOPED_TRACE(text);
  Network network(parse_spec(text), sample, {.seed = 4});
  network.plan(batch);
  const Rng rng(8, "probe");
  std::uint64_t i = 0;
  for (float& value : network.input().as<float>()) value = static_cast<float>(4 * rng.normal(i++));
  ThreadPool pool(1);
  Probe probe(network);
  StepRecord record;
  probe.begin(record);
  const ConstView y = network.forward({Mode::train, 0, pool}, &probe);
  probe.finish();
  const auto values = y.as<float>();
  const Expected expected = by_definition({values.begin(), values.end()}, y.shape, limit, slope);
  ASSERT_EQ(record.activations.size(), 1U);
  const ActivationRecord& found = record.activations[0];
  EXPECT_NEAR(found.log2_rms_derivative, expected.log2_rms, 2e-6);
  EXPECT_DOUBLE_EQ(found.saturated_fraction, expected.saturated_fraction);
  EXPECT_DOUBLE_EQ(found.active_fraction, expected.active_fraction);
  EXPECT_EQ(found.dead_units, expected.dead_units);
  EXPECT_EQ(found.window_samples, static_cast<std::uint64_t>(batch));
}

TEST(ProbeTest, AnActivationIsJudgedOverTheWholeBatch) {
  // The limit lies between the slopes that single operations of float would round to either side.
  const auto sigmoid = [](double y) { return y * (1 - y); };
  expect_whole_batch("dense 300 > sigmoid", {40}, 101, 0.0125, sigmoid);
  expect_whole_batch("dense 9000 > relu", {2}, 3, 0.05, [](double y) { return y > 0 ? 1 : 0; });
}

TEST(ProbeTest, AUnitOfImagesIsJudgedOverTheWholeBatch) {
  const auto relu = [](double y) { return y > 0 ? 1 : 0; };
  expect_whole_batch("conv 8 3x3 > relu", {3, 20, 20}, 5, 0.05, relu);
  expect_whole_batch("conv 32 3x3 > relu", {3, 20, 20}, 3, 0.05, relu);
  // None of these slopes is zero.
  const auto softsign = [](double y) { return (1 - std::abs(y)) * (1 - std::abs(y)); };
  expect_whole_batch("conv 8 3x3 > softsign", {3, 20, 20}, 5, 0.05, softsign);
}

}  // namespace
}  // namespace plumb
