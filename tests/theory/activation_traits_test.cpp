// SPDX-License-Identifier: Apache-2.0
// What the table of activations says, against what the functions themselves say: f' scanned, limits
// far out, and the critical gain that the mean field computes.
#include "plumb/core/activation_traits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

#include "plumb/theory/critical.h"
#include "plumb/theory/fixed_points.h"
#include "plumb/theory/moments.h"
#include "tests/support/every_activation.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

template <class Body>
void for_every(const Body& body) {
  testing::for_every_activation([&](const std::string& text, const ActivationDefinition& f) {
    SCOPED_TRACE(text);
    body(make_activation(text), f.traits);
  });
}

TEST(ActivationTraitsTest, MaxDerivativeIsTheLargestThatAScanFinds) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    double largest = 0;
    if (f.growth > 0) {
      EXPECT_FALSE(traits.max_derivative);
      EXPECT_GT(std::abs(f.derivative(600)), 1e200);
      return;
    }
    const auto look = [&](double x) { largest = std::max(largest, std::abs(f.derivative(x))); };
    for (int i = -200000; i <= 200000; ++i) look(i * 1e-4);
    for (const Kink& kink : f.kinks) {
      look(kink.at - 1e-9);
      look(kink.at + 1e-9);
    }
    ASSERT_TRUE(traits.max_derivative);
    EXPECT_REL(*traits.max_derivative, largest, 1e-8);
  });
}

TEST(ActivationTraitsTest, SlopesAreThoseOfTheValueFarOut) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    constexpr double kFar = 1e9;
    ASSERT_TRUE(traits.low_slope);
    EXPECT_NEAR(*traits.low_slope, (f.value(-kFar) - f.value(-2 * kFar)) / kFar, 1e-7);
    EXPECT_EQ(traits.high_slope.has_value(), f.growth == 0);
    if (!traits.high_slope) return;
    EXPECT_NEAR(*traits.high_slope, (f.value(2 * kFar) - f.value(kFar)) / kFar, 1e-7);
  });
}

// Not known, so that no rule judges by it, where f is flat on one side of the origin already.
TEST(ActivationTraitsTest, SaturatingMeansBoundedOnBothSides) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    const bool bounded = std::abs(f.value(-1e12)) < 1e6 && std::abs(f.value(1e12)) < 1e6;
    const bool half_flat = f.derivative(-1e-6) == 0 || f.derivative(1e-6) == 0;
    if (bounded && half_flat) {
      EXPECT_FALSE(traits.saturates);
    } else {
      EXPECT_EQ(traits.saturates, bounded);
    }
  });
}

// From 10 on all pieces of the piecewise ones are behind; beyond 20 the exponentials are 0 in
// double.
TEST(ActivationTraitsTest, DyingMeansADerivativeOfExactlyZeroOnAHalfLine) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    bool left = true, right = true;
    for (double z = 10; z <= 20; z += 0.37) {
      left = left && f.derivative(-z) == 0;
      right = right && f.derivative(z) == 0;
    }
    EXPECT_EQ(traits.can_die, left || right);
  });
}

TEST(ActivationTraitsTest, OddMeansThatTheSignComesOut) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    bool odd = true;
    for (double z = 0; z <= 10; z += 0.13) {
      odd = odd && std::abs(f.value(-z) + f.value(z)) <= 1e-15 * std::abs(f.value(z));
    }
    EXPECT_EQ(traits.odd, odd);
  });
}

/// A gain and the length of a healthy layer under it.
struct Healthy {
  double gain = 0;
  double q = 0;
};

/// chi_1 = 1 at zero bias, at a length that a network stays at (for relu and its like He's gain);
/// else the half-stable point, which takes a bias.
std::optional<Healthy> critical(const ActivationFunction& f) {
  const MomentGrid grid(f);
  for (const CriticalPoint& point : critical_points(grid, 0)) {
    if (point.stable) return Healthy{point.scale.weight_std, point.q};
  }
  for (const CriticalPoint& point : half_stable_points(grid)) {
    return Healthy{point.scale.weight_std, point.q};
  }
  return std::nullopt;
}

/// The gain at which lengths return to 1.
std::optional<Healthy> self_normalising(const ActivationFunction& f) {
  const double gain = 1 / std::sqrt(moments(f, 1).value2);
  if (!reached_length(MomentGrid(f), {gain, 0}, 0.5).stable) return std::nullopt;
  return Healthy{gain, 1};
}

TEST(ActivationTraitsTest, TheCriticalGainIsWhatTheMeanFieldComputes) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    const bool is_selu = traits.gain_source == "Klambauer et al. 2017";
    const auto expected = is_selu ? self_normalising(f) : critical(f);
    ASSERT_EQ(traits.critical_gain.has_value(), expected.has_value());
    EXPECT_EQ(traits.gain_source.empty(), !expected);
    if (expected) {
      EXPECT_REL(*traits.critical_gain, expected->gain, 1e-8);
    }
  });
}

// It is 0 for those that should pass the gradient and do not: sigmoid, whose slope is 1/4 at most,
// and softplus and the exponential, which have no critical point that attracts lengths.
TEST(ActivationTraitsTest, TheUsualDerivativeIsThatOfACriticalLayer) {
  for_every([](const ActivationFunction& f, const ActivationTraits& traits) {
    const bool is_selu = traits.gain_source == "Klambauer et al. 2017";
    const auto healthy = is_selu ? self_normalising(f) : critical(f);
    const bool passes = healthy && traits.max_derivative.value_or(0) >= 1;
    const double expected = passes ? 0.5 * std::log2(moments(f, healthy->q).derivative2) : 0;
    ASSERT_TRUE(traits.usual_log2_derivative);
    EXPECT_NEAR(*traits.usual_log2_derivative, expected, 1e-8);
  });
}

// f is flat at the origin: small lengths have no gradient at all.
TEST(ActivationTraitsTest, AClampAsideOfTheOriginHasNoGain) {
  for (const char* text : {"hardtanh 1 2", "hardtanh -3 -1"}) {
    const ActivationTraits traits = activation_from_text(text).traits;
    EXPECT_FALSE(traits.critical_gain) << text;
    EXPECT_FALSE(traits.usual_log2_derivative) << text;
    EXPECT_EQ(traits.can_die, true) << text;
  }
}

}  // namespace
}  // namespace plumb::theory
