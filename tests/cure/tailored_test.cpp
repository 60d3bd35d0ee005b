// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "plumb/cure/cure_data.h"
#include "plumb/cure/predict.h"
#include "plumb/cure/prescription.h"
#include "plumb/train/trainer.h"

namespace plumb {
namespace {

/// How alike two samples are behind the last activation.
double end_similarity(const TrainConfig& config, const Split& data) {
  Trainer trainer(config, data);
  const std::vector<SignalRecord>& signals = trainer.probe().signals;
  return signals.at(signals.size() - 2).similarity;  // the last one is that of the four outputs
}

// Inputs that have nothing in common end as alike as the slope was solved for, and the gradient
// keeps its size; behind as many plain relus they are all the same.
TEST(TailoredTest, SamplesEndAtTheCorrelationThatWasChosen) {
  for (const char* const network :
       {"50 x [dense 64 > relu] > dense 4", "100 x [dense 64 > relu] > dense 4"}) {
    TrainConfig plain;
    plain.network = network;
    plain.data = "teacher?in=16&classes=4&n=600";
    plain.init = "he_normal";
    plain.bias_init = "zeros";
    plain.batch = 64;
    CureData data(plain);
    const Rewritten tailored = find_rewrite("tailored_activation")->apply({plain, {}}, {});
    ASSERT_TRUE(tailored.config) << tailored.why_not;
    double mean = 0;
    constexpr int kSeeds = 3;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      TrainConfig config = *tailored.config;
      config.seed = seed;
      mean += end_similarity(config, data.given().split) / kSeeds;
      const Prediction with = predict(config, data.given().split);
      ASSERT_TRUE(with.log2_reach) << with.problem;
      EXPECT_NEAR(*with.log2_reach, 0, 3) << network;
    }
    EXPECT_NEAR(mean, 0.9, 0.05) << network;
    EXPECT_GT(end_similarity(plain, data.given().split), 0.97) << network;
  }
}

TEST(TailoredTest, IsOneOfTheWaysToReplaceAnActivation) {
  const std::vector<Prescription> ways =
      prescriptions_of(Remedy{RemedyKind::replace_activation, {}, {{"activation", "tanh"}}, {}});
  ASSERT_EQ(ways.size(), 2U);
  EXPECT_EQ(ways[0].rewrite->id, "replace_activation");
  EXPECT_EQ(ways[1].rewrite->id, "tailored_activation");
}

}  // namespace
}  // namespace plumb
