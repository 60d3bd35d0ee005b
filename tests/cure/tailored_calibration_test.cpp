// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "plumb/cure/arm.h"
#include "plumb/cure/cure_data.h"
#include "plumb/cure/prescription.h"

namespace plumb {
namespace {

Arm trained(const TrainConfig& config, CureData& data) {
  Arm arm;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    arm.trainings.push_back(train_arm(config, seed, data.of(config), nullptr, {}));
  }
  return arm;
}

// Without shortcuts or normalisation, by the activation and its start alone.
TEST(TailoredCalibrationTest, ItTrainsWhatPlainReluOfThisDepthDoesNot) {
  for (const int layers : {50, 100}) {
    TrainConfig plain;
    plain.network = std::to_string(layers) + " x [dense 64 > relu] > dense 4";
    plain.data = "teacher?in=20&classes=4&n=3000";
    plain.init = "he_normal";
    plain.bias_init = "zeros";
    plain.batch = 64;
    plain.steps = 400;
    plain.optimiser.name = "adam";
    plain.learning_rate = 3e-4;
    CureData data(plain);
    const Rewritten tailored = find_rewrite("tailored_activation")->apply({plain, {}}, {});
    ASSERT_TRUE(tailored.config) << tailored.why_not;
    const Arm before = trained(plain, data), after = trained(*tailored.config, data);
    std::printf("%d layers: relu %.3f, tailored %.3f\n", layers, before.mean_score(),
                after.mean_score());
    EXPECT_GT(after.mean_score(), 0.8);
    EXPECT_GT(after.mean_score(), before.mean_score() + 0.15);
  }
}

}  // namespace
}  // namespace plumb
