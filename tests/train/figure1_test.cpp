// SPDX-License-Identifier: Apache-2.0
// The picture that made the vanishing gradient known to a generation of readers: the speed of
// learning of each hidden layer of a 784-30-30-30-30-10 sigmoid network at the start of training
// (M. Nielsen, Neural Networks and Deep Learning, chapter 5). Weights N(0, 1/fan_in), biases N(0,
// 1), binary cross-entropy summed over the ten outputs, full batch of 1000 MNIST images; drawn is
// the norm of the average dJ/db of each hidden layer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "plumb/train/trainer.h"
#include "tests/train/sites.h"

namespace plumb {
namespace {

constexpr int kSeeds = 20;

/// norms[layer][seed] of dJ/db of the hidden layers.
std::vector<std::vector<double>> bias_gradient_norms(int hidden, const Split& data) {
  std::vector<std::vector<double>> norms(static_cast<std::size_t>(hidden));
  for (int seed = 0; seed < kSeeds; ++seed) {
    TrainConfig config;
    config.network = "flatten > " + std::to_string(hidden) + " x [dense 30 > sigmoid] > dense 10";
    config.init = "lecun_normal";
    config.bias_init = "normal:1";
    config.loss = "binary_cross_entropy";
    config.batch = data.train.size();
    config.seed = static_cast<std::uint64_t>(seed);
    Trainer trainer(config, data);
    const StepRecord& record = trainer.probe();
    for (int layer = 0; layer < hidden; ++layer) {
      const std::string path = std::to_string(1 + 2 * layer);
      const Sketch* sketch = testing::find(trainer.info(), record, path, Role::grad_weight, "bias");
      norms[static_cast<std::size_t>(layer)].push_back(std::exp2(sketch->true_log2_rms()) *
                                                       std::sqrt(30.0));
    }
  }
  return norms;
}

TEST(Figure1Test, FirstNormsOfThePublishedNetworksLieWithinTheSpreadOfTwentySeeds) {
  const char* directory = std::getenv("PLUMB_MNIST_DIR");
  if (directory == nullptr) GTEST_SKIP() << "set PLUMB_MNIST_DIR to a folder with the MNIST files";
  DataOptions options;
  options.limit = 1000;
  options.validation_fraction = 0;
  const Split data = load_split(std::string("mnist:") + directory, options);
  ASSERT_EQ(data.train.size(), 1000);

  const std::vector<std::vector<double>> published{{0.012, 0.060, 0.283},
                                                   {0.003, 0.017, 0.070, 0.285}};
  for (const auto& expected : published) {
    const auto norms = bias_gradient_norms(static_cast<int>(expected.size()), data);
    for (std::size_t layer = 0; layer < expected.size(); ++layer) {
      const auto [low, high] = std::minmax_element(norms[layer].begin(), norms[layer].end());
      double mean = 0;
      for (const double norm : norms[layer]) mean += norm / kSeeds;
      std::printf("%zu hidden layers, layer %zu: published %.3f, seeds %.4f .. %.4f, mean %.4f\n",
                  expected.size(), layer + 1, expected[layer], *low, *high, mean);
      EXPECT_LE(*low, expected[layer]) << "layer " << layer + 1;
      EXPECT_GE(*high, expected[layer]) << "layer " << layer + 1;
    }
  }
}

}  // namespace
}  // namespace plumb
