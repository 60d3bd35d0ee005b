// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "plumb/cure/cure_data.h"
#include "plumb/cure/rate_sweep.h"

namespace plumb {
namespace {

struct RateCase {
  const char* network;
  const char* data;
  const char* init;
  const char* optimiser;
  double rate;  ///< the wrong one that it is asked at
};

// Chains of different activation, depth, data and optimiser, each at a rate that is far too high or
// far too low.
constexpr RateCase kCases[] = {
    {"3 x [dense 64 > relu] > dense 3", "spirals?n=900", "he_normal", "sgd", 10},
    {"3 x [dense 64 > relu] > dense 4", "teacher?in=16&classes=4&n=2000", "he_normal", "sgd", 10},
    {"3 x [dense 64 > relu] > dense 4", "teacher?in=16&classes=4&n=2000", "he_normal", "sgd", 1e-6},
    {"flatten > dense 64 > relu > dense 10", "glyphs?n=1000", "he_normal", "sgd", 30},
    {"flatten > 3 x [dense 64 > tanh] > dense 10", "glyphs?n=1000", "glorot_normal", "sgd", 1e-5},
    {"flatten > 3 x [dense 64 > relu] > dense 10", "glyphs?n=1000", "he_normal", "adam", 1},
    {"flatten > 3 x [dense 64 > relu] > dense 10", "glyphs?n=1000", "he_normal", "adam", 1e-7},
    {"flatten > 8 x [dense 64 > relu] > dense 10", "glyphs?n=1000", "he_normal", "sgd", 5},
    {"flatten > 4 x [dense 64 > bn > relu] > dense 10", "glyphs?n=1000", "he_normal", "sgd", 1e-4},
    {"2 x [dense 32 > tanh] > dense 1", "teacher?in=8&out=1&n=1000", "glorot_normal", "sgd", 20},
    {"2 x [dense 32 > tanh] > dense 1", "teacher?in=8&out=1&n=1000", "glorot_normal", "adam", 3},
    {"flatten > 2 x [dense 64 > sigmoid] > dense 10", "glyphs?n=1000", "glorot_normal", "sgd",
     1e-3},
    {"flatten > dense 32 > 6 x res[dense 32 > relu] > dense 10", "glyphs?n=1000", "he_normal",
     "rmsprop", 0.5},
    {"lstm 16 > last > dense 1", "adding?t=10&n=1000", "pytorch", "adam", 1e-6},
};

// The measured rate lies within a factor of 3 of the best of the full grid (4 a decade, 300 steps,
// training loss over the last fifth of the steps).
TEST(RateCalibrationTest, LiesWithinAFactorOfThreeOfTheBestOfTheGrid) {
  int within = 0;
  for (const RateCase& one : kCases) {
    TrainConfig config;
    config.network = one.network;
    config.data = one.data;
    config.init = one.init;
    config.bias_init = "zeros";
    config.optimiser.name = one.optimiser;
    config.learning_rate = one.rate;
    config.steps = 300;
    CureData data(config);
    const Split& split = data.of(config).split;
    const RateSweep sweep = sweep_rates(config, split);
    ASSERT_TRUE(sweep.best) << one.network;
    const std::vector<RateTrial> grid = full_rate_grid(config, split, 1e-5, 30, 300);
    const auto best =
        std::min_element(grid.begin(), grid.end(),
                         [](const RateTrial& a, const RateTrial& b) { return a.loss < b.loss; });
    const auto at = std::find_if(grid.begin(), grid.end(), [&](const RateTrial& trial) {
      return std::abs(std::log(trial.rate / *sweep.best)) < 0.05;
    });
    const bool is_within = std::abs(std::log(*sweep.best / best->rate)) <= std::log(3.0) + 0.05;
    within += is_within ? 1 : 0;
    std::printf("%-50s %-8s measured %-8.3g (%3d steps; loss there %.4g) best %-8.3g (%.4g) %s\n",
                one.network, one.optimiser, *sweep.best, static_cast<int>(sweep.steps),
                at == grid.end() ? std::nan("") : at->loss, best->rate, best->loss,
                is_within ? "" : "OUTSIDE");
  }
  EXPECT_GE(within, std::ceil(0.85 * std::size(kCases)));
}

}  // namespace
}  // namespace plumb
