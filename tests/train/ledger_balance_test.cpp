// SPDX-License-Identifier: Apache-2.0
// The books of real backward passes: every network's entries and parts add up to its total.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "plumb/flow/ledger.h"
#include "plumb/train/run_training.h"

namespace plumb {
namespace {

double sum_of_parts(const LedgerEntry& entry) {
  double sum = 0;
  for (const LedgerPart& part : entry.parts) sum += part.log2;
  return sum;
}

void expect_balanced(const std::string& network, const char* precision) {
  SCOPED_TRACE(network + " in " + precision);
  TrainConfig config;
  config.network = network;
  config.data = "spirals?n=64&classes=3";
  config.validation_fraction = 0;
  config.batch = 16;
  config.precision = precision;
  config.seed = 3;
  config.record = "every=1";
  config.steps = 3;
  const Run run = train(config);
  for (const StepRecord* step : run.measured()) {
    const Ledger ledger = make_ledger(run.info, *step);
    EXPECT_EQ(ledger.ends_at, kNoLayer);
    double total = 0;
    for (const LedgerEntry& entry : ledger.entries) {
      total += entry.attenuation;
      EXPECT_NEAR(sum_of_parts(entry), entry.attenuation,
                  1e-9 * std::max(1.0, std::abs(entry.attenuation)))
          << run.info.layer(entry.layer).path;
      for (const LedgerWay& way : entry.ways) {
        for (const LedgerEntry& inner : way.entries) {
          EXPECT_NEAR(sum_of_parts(inner), inner.attenuation,
                      1e-9 * std::max(1.0, std::abs(inner.attenuation)));
        }
      }
    }
    EXPECT_NEAR(total, ledger.total, 1e-9 * std::max(1.0, std::abs(ledger.total)));
    // Loss to input, as the sketches say.
    const Sketch* input = step->find(Site::layer(0, Role::grad_a));
    ASSERT_NE(input, nullptr);
    EXPECT_NEAR(ledger.total, input->true_log2_rms() - ledger.log2_loss_gradient,
                1e-9 * std::max(1.0, std::abs(ledger.total)));
  }
}

TEST(LedgerBalanceTest, EveryKindOfLayerAndJoinBalances) {
  for (const char* precision : {"float", "double"}) {
    for (const char* activation :
         {"identity", "sigmoid", "tanh", "relu", "leaky_relu 0.1", "prelu", "elu", "selu", "gelu",
          "gelu approximate=tanh", "silu", "softplus", "softsign", "hardtanh"}) {
      expect_balanced("3 x [dense 12 > " + std::string(activation) + "] > dense 3", precision);
    }
    expect_balanced("dense 8 > res[dense 8 > tanh > dense 8] > relu > dropout 0.2 > dense 3",
                    precision);
    expect_balanced(
        "res proj[dense 9 > gelu] > res scale=0.3[res[dense 9 bias=false > tanh] > dense 9] > "
        "dense 3",
        precision);
    expect_balanced(
        "dense 12 > bn > relu > dense 12 > ln > tanh > rmsnorm > dense 12 > gn 3 > dense 3",
        precision);
    expect_balanced("dense 8 > res rezero[dense 8 > tanh] > res proj alpha=-2[dense 9] > dense 3",
                    precision);
    expect_balanced("dense 8 > 3 x highway[dense 8 > relu] > highway bias=1[dense 8] > dense 3",
                    precision);
    expect_balanced("400 x [dense 6 > sigmoid] > dense 3", precision);
    expect_balanced("60 x [dense 24 > identity] > dense 3", precision);
  }
}

}  // namespace
}  // namespace plumb
