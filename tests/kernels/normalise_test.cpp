// SPDX-License-Identifier: Apache-2.0
// The vector kernels against the plain loops, for every length and misalignment of a row.
#include "plumb/kernels/normalise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb::testing {
namespace {

std::vector<float> numbers(std::int64_t count, const std::string& stream) {
  std::vector<float> values;
  const Rng rng(5, stream);
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(rng.normal(static_cast<std::uint64_t>(i))));
  }
  return values;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want, double limit) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], limit * (1 + std::abs(want[i]))) << i;
  }
}

std::vector<double> widened(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

TEST(NormaliseTest, EveryRowLengthAndMisalignmentMatchesThePlainLoops) {
  for (std::int64_t lanes = 1; lanes <= 70; ++lanes) {
    const std::int64_t rows = 1 + lanes * 7 % 150, stride = lanes + lanes % 3, at = lanes % 5;
    const auto x = numbers(at + rows * stride, "x"), g = numbers(at + rows * stride, "g");
    const auto a = numbers(at + lanes, "a"), b = numbers(at + lanes, "b"),
               c = numbers(at + lanes, "c"), m = numbers(at + lanes, "m");
    const auto n = static_cast<std::size_t>(lanes);
    std::vector<double> s1(n, 1), q1(n, 2), s2(n, 1), q2(n, 2);
    fast::lane_moments(x.data() + at, rows, lanes, stride, m.data() + at, s1.data(), q1.data());
    ref::lane_moments(x.data() + at, rows, lanes, stride, m.data() + at, s2.data(), q2.data());
    expect_near(s1, s2, 2e-5);
    expect_near(q1, q2, 1e-5);
    fast::lane_products(x.data() + at, g.data() + at, rows, lanes, stride, m.data() + at, s1.data(),
                        q1.data());
    ref::lane_products(x.data() + at, g.data() + at, rows, lanes, stride, m.data() + at, s2.data(),
                       q2.data());
    expect_near(s1, s2, 4e-5);
    expect_near(q1, q2, 4e-5);

    // What lies between the rows and behind them is left alone.
    std::vector<float> y1(x.size(), 77), y2(x.size(), 77);
    fast::lane_scale(x.data() + at, rows, lanes, stride, m.data() + at, a.data() + at,
                     b.data() + at, y1.data() + at);
    ref::lane_scale(x.data() + at, rows, lanes, stride, m.data() + at, a.data() + at, b.data() + at,
                    y2.data() + at);
    expect_near(widened(y1), widened(y2), 1e-6);
    fast::lane_vjp(x.data() + at, g.data() + at, rows, lanes, stride, m.data() + at, a.data() + at,
                   b.data() + at, c.data() + at, y1.data() + at);
    ref::lane_vjp(x.data() + at, g.data() + at, rows, lanes, stride, m.data() + at, a.data() + at,
                  b.data() + at, c.data() + at, y2.data() + at);
    expect_near(widened(y1), widened(y2), 2e-6);

    std::vector<float> w1(n + 1, 3), w2(n + 1, 3), v1(n + 1, 4), v2(n + 1, 4);
    fast::row_products(x.data() + at, g.data() + at, lanes, 0.3f, 1.7f, w1.data(), v1.data());
    ref::row_products(x.data() + at, g.data() + at, lanes, 0.3f, 1.7f, w2.data(), v2.data());
    expect_near(widened(w1), widened(w2), 1e-6);
    expect_near(widened(v1), widened(v2), 1e-6);
    EXPECT_EQ(w1.back(), 3);
  }
}

TEST(NormaliseTest, ARunOfAnyLengthIsSummedOnce) {
  for (std::int64_t count : {1, 2, 63, 64, 65, 127, 128, 1000, 4097}) {
    const auto x = numbers(count, "x"), g = numbers(count, "g");
    const RunSums moments = run_moments(x.data(), count, 0.5f);
    const RunSums products = run_products(x.data(), g.data(), count, 0.25f);
    RunSums by_hand, by_hand_products;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = static_cast<double>(x[i]) - 0.5;
      by_hand.first += d;
      by_hand.second += d * d;
      by_hand_products.first += static_cast<double>(g[i]);
      by_hand_products.second += static_cast<double>(g[i]) * (static_cast<double>(x[i]) - 0.25);
    }
    const double limit = 1e-6 * static_cast<double>(count);
    EXPECT_NEAR(moments.first, by_hand.first, limit);
    EXPECT_NEAR(moments.second, by_hand.second, limit);
    EXPECT_NEAR(products.first, by_hand_products.first, limit);
    EXPECT_NEAR(products.second, by_hand_products.second, limit);
    std::vector<float> y(x.size());
    run_vjp(x.data(), g.data(), count, 0.5f, 2.0f, 3.0f, 4.0f, y.data());
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(y[i], 2 * (g[i] - 4) + 3 * (x[i] - 0.5f), 1e-5);
    }
  }
}

}  // namespace
}  // namespace plumb::testing
