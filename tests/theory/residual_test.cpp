// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/residual.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

TEST(ResidualTest, ReluBlocks) {
  EXPECT_REL(residual_growth(1, 20), 1048576, 1e-13);
  for (const auto& [blocks, growth] :
       {std::pair{10, 2.59374246}, {20, 2.65329771}, {50, 2.69158803}, {100, 2.70481383}}) {
    EXPECT_REL(residual_growth(1 / std::sqrt(blocks), blocks), growth, 3e-9);
  }
}

struct Row {
  double weight_std, bias_std;
  std::size_t blocks;
  double length, gradient;
};

TEST(ResidualTest, TanhBlocksGrowSubExponentially) {
  const Row rows[] = {{1, 0, 10, 6.77679836, 1.40582070e1},
                      {1, 0, 100, 84.44947899, 3.80078703e4},
                      {1, 0, 1000, 948.37323802, 7.60572075e14},
                      {std::sqrt(2.0), 0, 100, 89.62010895, 1.16056106e6},
                      {1, 1, 100, 85.55852816, 1.90283403e4}};
  for (const Row& row : rows) {
    const auto chain = iterate_residual(make_activation("tanh"), {row.weight_std, row.bias_std}, 1,
                                        static_cast<int>(row.blocks));
    EXPECT_REL(chain.length.back(), row.length, 2e-9) << row.blocks;
    EXPECT_REL(std::exp(chain.log_growth.back()), row.gradient, 5e-9) << row.blocks;
  }
  const auto deep = iterate_residual(make_activation("tanh"), {1, 0}, 1, 8000);
  const double limit = 8.0 / 3 / std::sqrt(2 * std::numbers::pi);
  EXPECT_NEAR(limit, 1.06384608107, 6e-12);
  const double slope =
      (deep.log_growth[8000] - deep.log_growth[4000]) / (std::sqrt(8000.0) - std::sqrt(4000.0));
  EXPECT_NEAR(slope, limit, 0.01);
}

// relu is not odd: the mean of the signal grows with it. One unit, no randomness left: x' = x + E
// relu ...
TEST(ResidualTest, ReluBlocksCarryAMean) {
  const auto chain = iterate_residual(make_activation("relu"), {std::sqrt(2.0), 0}, 1, 2);
  const double first = 1 + 1;  // E relu^2 at q = 2 is 1
  EXPECT_REL(chain.length[1], first, 1e-13);
  const double m1 = std::sqrt(2.0) / std::sqrt(2 * std::numbers::pi);
  const double m2 = 2 / std::sqrt(2 * std::numbers::pi);
  EXPECT_REL(chain.length[2], first + 2 + 2 * m1 * m2, 1e-13);
  EXPECT_REL(chain.log_growth[2], 2 * std::log(2.0), 1e-13);
}

TEST(ResidualTest, Fixup) {
  EXPECT_NEAR(fixup_scale(10, 2), .316227766, 6e-10);
  EXPECT_NEAR(fixup_scale(54, 2), .136082763, 6e-10);
  EXPECT_NEAR(fixup_scale(110, 2), .095346259, 6e-10);
  EXPECT_NEAR(fixup_scale(54, 3), .368893973, 6e-10);
  EXPECT_NEAR(fixup_scale(110, 3), .308781895, 6e-10);
  EXPECT_THROW(fixup_scale(10, 1), SpecError);
}

TEST(ResidualTest, DeepNormTable) {
  const struct {
    int layers;
    double alpha, beta;
  } rows[] = {{6, 1.861209718, .379917843},
              {12, 2.213363839, .319471552},
              {24, 2.632148026, .268642483},
              {100, 3.760603093, .188030155},
              {1000, 6.687403050, .105737126}};
  for (const auto& row : rows) {
    EXPECT_NEAR(deep_norm(row.layers).alpha, row.alpha, 6e-10);
    EXPECT_NEAR(deep_norm(row.layers).beta, row.beta, 6e-10);
  }
  EXPECT_NEAR(deep_norm_encoder(6, 6).alpha, 1.417938141, 6e-10);
  EXPECT_NEAR(deep_norm_encoder(6, 6).beta, .496989241, 6e-10);
  EXPECT_NEAR(deep_norm_decoder(6).alpha, 2.059767144, 6e-10);
  EXPECT_NEAR(deep_norm_decoder(6).beta, .343294524, 6e-10);
}

}  // namespace
}  // namespace plumb::theory
