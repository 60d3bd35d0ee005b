// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

#include "plumb/cure/advice.h"
#include "plumb/cure/arm.h"
#include "plumb/cure/cure_data.h"
#include "plumb/cure/predict.h"
#include "plumb/cure/rewrite.h"
#include "plumb/proof/rank_correlation.h"

namespace plumb {
namespace {

struct ReachCase {
  const char* network;
  const char* init;
  const char* bias_init;
};

constexpr ReachCase kCases[] = {
    {"flatten > 20 x [dense 32 > sigmoid] > dense 10", "pytorch", "pytorch"},
    {"flatten > 30 x [dense 32 > relu] > dense 10", "pytorch", "pytorch"},
    {"flatten > 30 x [dense 32 > relu] > dense 10", "normal:0.5", "zeros"},
    {"flatten > 15 x [dense 32 > tanh] > dense 10", "normal:0.4", "zeros"},
    {"flatten > 12 x [dense 32 > gelu] > dense 10", "he_normal", "zeros"},
    {"flatten > 10 x [dense 32 > softplus] > dense 10", "glorot_normal", "zeros"},
    {"flatten > dense 32 > 16 x res[dense 32 > relu] > dense 10", "he_normal", "zeros"},
    {"flatten > dense 32 > 8 x [res[dense 32 > relu > dense 32] > ln] > dense 10", "he_normal",
     "zeros"},
    {"flatten > 6 x [dense 32 > hardtanh] > dense 10", "lecun_normal", "zeros"},
};

// What a cure predicts of a candidate, from one probe, against the first step of trainings with
// other seeds; and what theory says from the sizes of the weights alone.
TEST(ReachCalibrationTest, PredictedAndMeasuredReachAreInTheSameOrder) {
  std::vector<double> predicted, measured, by_theory, measured_there;
  for (const ReachCase& one : kCases) {
    TrainConfig config;
    config.network = one.network;
    config.init = one.init;
    config.bias_init = one.bias_init;
    config.data = "glyphs?n=400";
    config.steps = 1;
    CureData data(config);
    AdviceOptions options;
    options.budget_s = 0;
    options.search_everywhere = true;
    options.allows = [](const RewriteEntry& rewrite) { return changes_reach(rewrite.group); };
    const Advice advice = check_advice(config, data, {}, options);
    for (const auto* const list : {&advice.changes, &advice.dropped}) {
      for (const CheckedChange& change : *list) {
        if (!change.log2_reach || !std::isfinite(*change.log2_reach)) continue;
        Arm arm;
        for (const std::uint64_t seed : {1001U, 1002U, 1003U}) {
          arm.trainings.push_back(
              train_arm(change.config, seed, data.of(change.config), nullptr, {}));
        }
        const std::optional<double> reached = arm.mean_log2_reach();
        if (!reached) continue;
        predicted.push_back(*change.log2_reach);
        measured.push_back(*reached);
        const auto theory =
            predict(change.config, data.of(change.config).split).log2_reach_by_theory;
        if (theory && std::isfinite(*theory)) {
          by_theory.push_back(*theory);
          measured_there.push_back(*reached);
        }
      }
    }
  }
  const double of_probe = rank_correlation(predicted, measured);
  const double of_theory = rank_correlation(by_theory, measured_there);
  std::printf("%zu candidates, by a probe: %.3f; %zu by theory: %.3f\n", predicted.size(), of_probe,
              by_theory.size(), of_theory);
  EXPECT_GE(predicted.size(), 45U);
  EXPECT_GE(of_probe, 0.95);
  EXPECT_GE(by_theory.size(), 20U);
  EXPECT_GE(of_theory, 0.85);
}

}  // namespace
}  // namespace plumb
