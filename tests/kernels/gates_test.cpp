// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/gates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb {
namespace {

constexpr std::int64_t kPlanes = 13;

template <class T>
using Planes = std::vector<std::vector<T>>;

/// Planes of the same numbers in either type, over all magnitudes that gates meet.
template <class T>
Planes<T> planes(std::int64_t count, double scale) {
  const Rng rng(5, "gates");
  Planes<T> result(kPlanes, std::vector<T>(static_cast<std::size_t>(count)));
  std::uint64_t index = 0;
  for (auto& plane : result) {
    for (T& v : plane) v = static_cast<T>(static_cast<float>(scale * rng.normal(index++)));
  }
  return result;
}

/// Gates as values, for the backward steps.
template <class T>
void squash(Planes<T>& p, std::initializer_list<std::size_t> logistic,
            std::initializer_list<std::size_t> tanh) {
  for (const std::size_t k : logistic) {
    for (T& v : p[k]) v = static_cast<T>(static_cast<float>(ref::logistic(static_cast<double>(v))));
  }
  for (const std::size_t k : tanh) {
    for (T& v : p[k]) v = static_cast<T>(static_cast<float>(std::tanh(static_cast<double>(v))));
  }
}

void expect_near(const Planes<float>& got, const Planes<double>& want, double limit) {
  for (std::size_t k = 0; k < got.size(); ++k) {
    for (std::size_t i = 0; i < got[k].size(); ++i) {
      const double w = want[k][i];
      ASSERT_NEAR(static_cast<double>(got[k][i]), w, limit * std::max(1.0, std::abs(w)))
          << "plane " << k << ", element " << i << " of " << got[k].size();
    }
  }
}

template <class T>
void run_lstm_forward(Planes<T>& p, std::int64_t n) {
  lstm_forward(ref::LstmForward<T>{p[0].data(), p[1].data(), p[2].data(), p[3].data(), p[4].data(),
                                   p[5].data(), p[6].data()},
               n);
}
template <class T>
void run_lstm_backward(Planes<T>& p, std::int64_t n) {
  lstm_backward(
      ref::LstmBackward<T>{p[0].data(), p[1].data(), p[2].data(), p[3].data(), p[4].data(),
                           p[5].data(), p[6].data(), p[7].data(), p[8].data(), p[9].data(),
                           p[10].data(), p[11].data(), p[12].data()},
      n);
}
template <class T>
void run_gru_forward(Planes<T>& p, std::int64_t n) {
  gru_forward(ref::GruForward<T>{p[0].data(), p[1].data(), p[2].data(), p[3].data(), p[4].data(),
                                 p[5].data()},
              n);
}
template <class T>
void run_gru_backward(Planes<T>& p, std::int64_t n) {
  gru_backward(ref::GruBackward<T>{p[0].data(), p[1].data(), p[2].data(), p[3].data(), p[4].data(),
                                   p[5].data(), p[6].data(), p[7].data(), p[8].data(), p[9].data(),
                                   p[10].data()},
               n);
}

TEST(GatesTest, FloatFollowsTheDoubleReferenceForEveryLength) {
  for (std::int64_t n = 0; n <= 35; ++n) {
    for (const double scale : {1e-3, 1.0, 6.0, 60.0}) {
      auto a = planes<float>(n, scale);
      auto b = planes<double>(n, scale);
      run_lstm_forward(a, n);
      run_lstm_forward(b, n);
      expect_near(a, b, 2e-6);
      a = planes<float>(n, scale);
      b = planes<double>(n, scale);
      run_gru_forward(a, n);
      run_gru_forward(b, n);
      expect_near(a, b, 2e-6);
      a = planes<float>(n, scale);
      b = planes<double>(n, scale);
      squash(a, {0, 1, 3}, {2});
      squash(b, {0, 1, 3}, {2});
      run_lstm_backward(a, n);
      run_lstm_backward(b, n);
      expect_near(a, b, 1e-6 * std::max(1.0, scale));
      a = planes<float>(n, scale);
      b = planes<double>(n, scale);
      squash(a, {0, 1}, {3});
      squash(b, {0, 1}, {3});
      run_gru_backward(a, n);
      run_gru_backward(b, n);
      expect_near(a, b, 1e-6 * std::max(1.0, scale));
    }
  }
}

TEST(GatesTest, GatesReachTheirLimitsAndSmallOnesKeepTheirDigits) {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> i{inf, -inf, -80.0f, 200.0f}, f = i, g{inf, -inf, 1e-20f, -200.0f}, o = i;
  std::vector<float> before(4, 0.0f), c(4), h(4);
  lstm_forward(ref::LstmForward<float>{i.data(), f.data(), g.data(), o.data(), before.data(),
                                       c.data(), h.data()},
               4);
  EXPECT_EQ(i[0], 1.0f);
  EXPECT_LE(i[1], 2e-38f);
  EXPECT_NEAR(i[2] / std::exp(-80.0f), 1, 1e-5);
  EXPECT_EQ(i[3], 1.0f);
  EXPECT_EQ(g[0], 1.0f);
  EXPECT_EQ(g[1], -1.0f);
  EXPECT_NEAR(g[2] / 1e-20f, 1, 1e-6);
  EXPECT_EQ(g[3], -1.0f);
}

TEST(GatesTest, ANanStaysInItsGate) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t at = 0; at < 4; ++at) {
    Planes<float> p = planes<float>(17, 1);
    p[at][16] = nan;
    run_lstm_forward(p, 17);
    for (std::size_t gate = 0; gate < 4; ++gate) EXPECT_EQ(std::isnan(p[gate][16]), gate == at);
    EXPECT_TRUE(std::isnan(p[6][16]));
    EXPECT_FALSE(std::isnan(p[6][15]));
  }
  Planes<float> p = planes<float>(17, 1);
  p[1][3] = nan;
  run_gru_forward(p, 17);
  EXPECT_FALSE(std::isnan(p[0][3]));
  EXPECT_FALSE(std::isnan(p[3][3]));
  EXPECT_TRUE(std::isnan(p[1][3]) && std::isnan(p[5][3]));
}

}  // namespace
}  // namespace plumb
