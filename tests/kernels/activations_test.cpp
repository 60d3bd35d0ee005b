// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/activations.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "plumb/kernels/ref/elementwise.h"
#include "tests/stats/every_target.h"
#include "tests/support/every_activation.h"

namespace plumb {
namespace {

/// Of an activation whose f' is not bounded.
constexpr double kNoSupremum = 0;

/// Calls body(op, text, sup |f'|) for every activation of the table.
template <class Body>
void for_every_op(const Body& body) {
  testing::for_every_activation([&](const std::string& text, const ActivationDefinition& f) {
    const double supremum = f.traits.max_derivative.value_or(kNoSupremum);
    std::visit([&](const auto& op) { body(op, text.c_str(), supremum); }, f.op);
  });
}

/// Every 19973rd float of all 2^32 (denormals, huge, inf and NaN among them), a fine grid where the
/// functions bend, and the special values.
const std::vector<float>& sweep() {
  static const std::vector<float> values = [] {
    std::vector<float> v;
    for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 19973) {
      v.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }
    for (int i = -150000; i <= 150000; ++i) v.push_back(static_cast<float>(i) * 7.7e-4f);
    for (int i = -50000; i <= 50000; ++i) v.push_back(static_cast<float>(i) * 3.1e-5f);
    using Limits = std::numeric_limits<float>;
    for (const float special : {0.0f, Limits::denorm_min(), Limits::min(), Limits::max(),
                                Limits::infinity(), Limits::quiet_NaN(), 0.5f, 1.0f, 1.5f}) {
      v.push_back(special);
      v.push_back(-special);
    }
    return v;
  }();
  return values;
}

/// |got - want| in units of the last place of want as a float.
double ulps(float got, double want) {
  if (std::isnan(want) || std::isnan(got)) {
    return std::isnan(want) == std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  }
  if (static_cast<double>(got) == want || got == static_cast<float>(want)) return 0;
  const int exponent = std::max(std::ilogb(want == 0 ? 1e-300 : want), -126);
  return std::abs(static_cast<double>(got) - want) / std::ldexp(1.0, exponent - 23);
}

TEST(ActivationKernelsTest, ForwardIsWithinFourUlpsOfTheDoubleReference) {
  const std::vector<float>& x = sweep();
  const auto count = static_cast<std::int64_t>(x.size());
  for_every_op([&](const auto& op, const char* name, double) {
    std::vector<double> want(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) want[i] = op.value(static_cast<double>(x[i]));
    for_every_target([&] {
      std::vector<float> y(x.size());
      fast::forward(op, x.data(), y.data(), count);
      double worst = -1;
      std::size_t at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double error = ulps(y[i], want[i]);
        if (error > worst) worst = error, at = i;
      }
      EXPECT_LE(worst, 4.0) << name << "(" << x[at] << ") = " << y[at] << ", expected " << want[at];
    });
  });
}

TEST(ActivationKernelsTest, VjpIsWithinEightEpsilonsOfTheSupremum) {
  const std::vector<float>& x = sweep();
  const auto count = static_cast<std::int64_t>(x.size());
  for_every_op([&](const auto& op, const char* name, double supremum) {
    constexpr double kEpsilons = 8 * std::numeric_limits<float>::epsilon();
    for_every_target([&] {
      std::vector<float> y(x.size()), g(x.size(), -3.0f), got(x.size()), derivative(x.size());
      fast::forward(op, x.data(), y.data(), count);
      fast::vjp(op, x.data(), y.data(), g.data(), got.data(), count);
      fast::vjp(op, x.data(), y.data(), nullptr, derivative.data(), count);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto xd = static_cast<double>(x[i]);
        const double want = op.vjp(xd, op.value(xd), 1.0);
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(derivative[i])) << name << " at " << x[i];
        } else {
          // Down to where floats are denormal, and up to where they end.
          const bool bounded = supremum != kNoSupremum;
          const double limit =
              bounded ? kEpsilons * supremum : std::max(kEpsilons * std::abs(want), 1e-44);
          if (!bounded && 3 * want > std::numeric_limits<float>::max()) {
            ASSERT_GT(derivative[i], 1e38f) << name << " at " << x[i];
            continue;
          }
          ASSERT_NEAR(derivative[i], want, limit) << name << " at " << x[i];
          ASSERT_NEAR(got[i], -3 * want, 3 * limit) << name << " at " << x[i];
        }
      }
    });
  });
}

/// What a scan must say, from the derivatives themselves.
DerivativeScan scan_by_definition(const std::vector<float>& derivative, float limit) {
  DerivativeScan scan{true};
  for (const float d : derivative) {
    scan.is_usual = scan.is_usual && std::abs(d) >= 0x1p-50f && std::abs(d) <= 0x1p50f;
    scan.below += std::abs(d) < limit;
    scan.squares += static_cast<double>(d) * static_cast<double>(d);
  }
  return scan;
}

template <class Op>
void expect_scan(const Op& op, const char* name, const float* x, std::size_t length, float limit) {
  const auto count = static_cast<std::int64_t>(length);
  std::vector<float> y(length), derivative(length);
  fast::forward(op, x, y.data(), count);
  fast::vjp(op, x, y.data(), nullptr, derivative.data(), count);
  const DerivativeScan want = scan_by_definition(derivative, limit);
  const DerivativeScan got = fast::scan(op, x, y.data(), count, limit);
  ASSERT_EQ(got.is_usual, want.is_usual) << name << " " << length;
  if (!want.is_usual) return;
  ASSERT_EQ(got.below, want.below) << name << " " << length;
  ASSERT_NEAR(got.squares, want.squares, 1e-6 * want.squares) << name << " " << length;
}

TEST(ActivationKernelsTest, AScanFindsWhatTheDerivativesSay) {
  // Numbers up to 3, between which every activation has slopes of many sizes; relu and hardtanh
  // also zeros.
  std::vector<float> x;
  for (int i = 0; i < 5000; ++i) x.push_back(static_cast<float>(i * 379 % 6001 - 3000) * 1e-3f);
  for_every_op([&](const auto& op, const char* name, double supremum) {
    for_every_target([&] {
      for (const double part : {0.0, 0.05, 0.5}) {
        const auto limit = static_cast<float>(part * supremum);
        for (std::size_t length = 0; length <= 70; ++length) {
          expect_scan(op, name, x.data() + length % 3, length, limit);
        }
        for (const std::size_t length : {1023U, 1024U, 1025U, 4999U}) {
          expect_scan(op, name, x.data() + 1, length, limit);
        }
      }
    });
  });
}

TEST(ActivationKernelsTest, AScanMissesNoRareDerivativeAnywhere) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> ordinary(300, 0.25f);
  for_every_op([&](const auto& op, const char* name, double supremum) {
    for_every_target([&] {
      for (const float rare : {-30.0f, 30.0f, 12.0f, -3.0f, infinity, -infinity, nan}) {
        for (std::size_t at = 0; at < ordinary.size(); at += 7) {
          std::vector<float> x = ordinary;
          x[at] = rare;
          expect_scan(op, name, x.data(), x.size(), static_cast<float>(0.05 * supremum));
        }
      }
    });
  });
}

TEST(ActivationKernelsTest, EveryLengthAndAlignmentGivesTheSameBitsAndWritesNothingElse) {
  constexpr std::size_t kLongest = 2 * 16 + 1;  // two vectors of the widest target and one
  constexpr float kUntouched = 12345.0f;
  for_every_op([&](const auto& op, const char* name, double) {
    for_every_target([&] {
      std::vector<float> x(kLongest + 4), g(kLongest + 4), want(kLongest + 4), want_vjp(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = 0.37f * (static_cast<float>(i) - 17.0f);
        g[i] = 1.0f + static_cast<float>(i);
        fast::forward(op, &x[i], &want[i], 1);
        fast::vjp(op, &x[i], &want[i], &g[i], &want_vjp[i], 1);
      }
      for (std::size_t offset = 0; offset < 3; ++offset) {
        for (std::size_t length = 0; length <= kLongest; ++length) {
          std::vector<float> y(x.size(), kUntouched), grad_x(x.size(), kUntouched);
          const auto count = static_cast<std::int64_t>(length);
          fast::forward(op, &x[offset], &y[offset], count);
          fast::vjp(op, &x[offset], &want[offset], &g[offset], &grad_x[offset], count);
          for (std::size_t i = 0; i < x.size(); ++i) {
            const bool inside = i >= offset && i < offset + length;
            ASSERT_EQ(y[i], inside ? want[i] : kUntouched) << name << " " << length;
            ASSERT_EQ(grad_x[i], inside ? want_vjp[i] : kUntouched) << name << " " << length;
          }
        }
      }
    });
  });
}

}  // namespace
}  // namespace plumb
