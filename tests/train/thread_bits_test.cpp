// SPDX-License-Identifier: Apache-2.0
// Where the same seed gives the same bits for any number of threads, as CONTRIBUTING.md says it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plumb/train/trainer.h"
#include "plumb/train/weights.h"

namespace plumb {
namespace {

struct Case {
  const char* network;
  const char* data;
  const char* precision;
};

std::vector<char> bits_after_training(const Case& one, int threads) {
  TrainConfig config;
  config.network = one.network;
  config.data = one.data;
  config.precision = one.precision;
  config.optimiser.name = "adamw";
  config.optimiser.weight_decay = 0.01;
  config.learning_rate = 0.01;
  config.batch = 24;
  config.steps = 4;
  config.threads = threads;
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  while (!trainer.done()) trainer.step();
  std::vector<char> bytes;
  for (const auto& [name, view] : weights_of(trainer.network())) {
    const char* begin = static_cast<const char*>(view.data);
    bytes.insert(bytes.end(), begin, begin + view.shape.size() * size_bytes(view.dtype));
  }
  return bytes;
}

class AnyThreadsTest : public testing::TestWithParam<Case> {};

TEST_P(AnyThreadsTest, SameBits) {
  const auto alone = bits_after_training(GetParam(), 1);
  for (const int threads : {2, 3, 8}) {
    EXPECT_TRUE(bits_after_training(GetParam(), threads) == alone) << threads << " threads";
  }
}

constexpr const char* kImages = "glyphs?n=60";

INSTANTIATE_TEST_SUITE_P(
    Double, AnyThreadsTest,
    testing::Values(
        Case{"flatten > dense 300 > relu > ln > dense 10", kImages, "double"},
        Case{"conv 8 3x3 > bn > relu > res[conv 8 3x3 > gn 4] > maxpool 2 > flatten > dense 10",
             kImages, "double"},
        Case{"lstm 12 > last > dense 1", "adding?t=12&n=60", "double"},
        Case{"gru 12 bidirectional > last > dense 1", "adding?t=12&n=60", "double"},
        Case{"flatten > dense 16 > prelu > dropout 0.3 > highway[dense 16 > tanh] > dense 10",
             kImages, "double"}));

// The other layers of float, around products so small that they are not shared out.
INSTANTIATE_TEST_SUITE_P(
    Float, AnyThreadsTest,
    testing::Values(Case{"bn > ln > gelu > dropout 0.3 > dense 2", "spirals?n=60", "float"},
                    Case{"avgpool 4 > flatten > softmax > prelu > rmsnorm > dense 10", kImages,
                         "float"}));

}  // namespace
}  // namespace plumb
