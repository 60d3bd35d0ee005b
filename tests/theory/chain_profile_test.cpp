// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/chain_profile.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "plumb/theory/finite_width.h"
#include "plumb/theory/length_map.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

std::vector<ChainLayer> chain_of(const char* activation, std::size_t hidden, std::int64_t width,
                                 const InitScale& scale) {
  const double variance = scale.weight_std * scale.weight_std / static_cast<double>(width);
  const ChainLayer layer{width, width, variance, scale.bias_std * scale.bias_std,
                         make_activation(activation)};
  std::vector<ChainLayer> layers(hidden, layer);
  layers.push_back({width, width, variance, 0, std::nullopt});
  return layers;
}

// Equal widths: the chain of length_map.h.
TEST(ProfileTest, IsTheChainOfEqualLayers) {
  const InitScale scale{1.5, 0.05};
  const auto layers = chain_of("tanh", 10, 1'000'000, scale);
  const auto points = predict_profile(layers, {0.7, -3, -5});
  const LengthChain chain = iterate_chain(make_activation("tanh"), scale, 0.7, 10);
  for (std::size_t l = 0; l < 10; ++l) {
    EXPECT_NEAR(points[l].log2_z, std::log2(chain.q[l]) / 2, 1e-12) << l;
    const double growth = chain.growth[10] / chain.growth[l];
    EXPECT_NEAR(points[l].log2_grad_z_mean, -3 + std::log2(growth) / 2, 1e-12) << l;
    EXPECT_NEAR(points[l].log2_grad_z, points[l].log2_grad_z_mean, 1e-4) << l;
  }
  EXPECT_EQ(points[10].log2_grad_z, -3);
  EXPECT_EQ(points[10].log2_grad_weight, -5);
}

// Glorot and Bengio 2010, eq. 14: in a linear chain of equal widths the gradient of the weights is
// the same at every layer, though the gradient of the pre-activations shrinks.
TEST(ProfileTest, LinearChainsHaveEqualParameterGradients) {
  const auto points =
      predict_profile(chain_of("identity", 20, 100'000, {std::sqrt(1.0 / 3), 0}), {1, 0, -7});
  for (const ProfilePoint& point : points) EXPECT_NEAR(point.log2_grad_weight, -7, 1e-3);
  EXPECT_NEAR(points[0].log2_grad_z_mean, -10 * std::log2(3.0), 1e-12);
}

// relu with weight_std 1: the same, exactly, though signal and gradient both halve each layer.
TEST(ProfileTest, SoDoesReluWhoseGainIsTooSmall) {
  const auto points = predict_profile(chain_of("relu", 10, 100'000, {1, 0}), {1, 0, -7});
  for (std::size_t l = 1; l < points.size(); ++l) EXPECT_NEAR(points[l].log2_grad_weight, -7, 1e-3);
  EXPECT_NEAR(points[0].log2_grad_z_mean, -5, 1e-12);
}

// He et al. 2015, section 2.2: with a constant standard deviation of 0.01 the gradient of their
// model B is divided by 1.7e4 from conv10 to conv2; fans are 9 times the channels.
TEST(ProfileTest, ChangingWidths) {
  const std::int64_t channels[] = {64, 64, 128, 128, 256, 256, 512, 512, 512, 512};
  std::vector<ChainLayer> layers;
  std::int64_t fan_in = 27;
  for (const std::int64_t units : channels) {
    layers.push_back({fan_in, 9 * units, 1e-4, 0, make_activation("relu")});
    fan_in = 9 * units;
  }
  const auto points = predict_profile(layers, {1, 0, 0});
  // conv2 to conv10 are nine factors: the gradient behind them all is that of conv1.
  EXPECT_NEAR(std::exp2(points[0].log2_grad_z_mean) * 16728.7636, 1, 1e-8);
}

TEST(ProfileTest, TypicalNetworksLieBelowTheMean) {
  const auto points = predict_profile(chain_of("relu", 30, 64, {std::sqrt(2.0), 0}), {1, 0, 0});
  EXPECT_NEAR(points[0].log2_grad_z_mean, 0, 1e-12);
  EXPECT_NEAR(2 * points[0].log2_grad_z * std::log(2.0), 30 * relu_log_factor(64).mean, 1e-9);
}

TEST(ProfileTest, DeadChainsAndWrongOnes) {
  const auto points = predict_profile(chain_of("relu", 3, 8, {0, 0}), {1, 0, 0});
  EXPECT_EQ(points[0].log2_grad_z, -INFINITY);
  std::vector<ChainLayer> layers(2);
  EXPECT_THROW(predict_profile(layers, {1, 0, 0}), SpecError);
  EXPECT_THROW(predict_profile(chain_of("tanh", 2, 8, {1, 0}), {NAN, 0, 0}), SpecError);
  EXPECT_TRUE(predict_profile({}, {1, 0, 0}).empty());
}

}  // namespace
}  // namespace plumb::theory
