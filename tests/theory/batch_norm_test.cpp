// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

TEST(BatchNormTest, GrowthOfTheNorm) {
  const struct {
    const char* name;
    double growth;
  } rows[] = {{"identity", 1},
              {"relu", 1.2111738962363},
              {"leaky_relu 0.2", 1.115168208618},
              {"tanh", 1.085268276651},
              {"gelu", 1.148409757389}};
  for (const auto& row : rows) {
    EXPECT_NEAR(std::sqrt(batch_norm_growth(make_activation(row.name))), row.growth, 6e-13)
        << row.name;
  }
  EXPECT_REL(batch_norm_growth(make_activation("relu")), std::numbers::pi / (std::numbers::pi - 1),
             1e-13);
  EXPECT_REL(batch_norm_growth(make_activation("relu")), 1.46694220692426, 1e-13);
}

// What 20 layers and 3 seeds of another program measured, by batch: smaller batches explode faster.
TEST(BatchNormTest, LinearAtFiniteBatch) {
  EXPECT_DOUBLE_EQ(linear_batch_norm_growth(8), 1.2);
  EXPECT_REL(linear_batch_norm_growth(32), 1.03448, 5e-6);
  EXPECT_DOUBLE_EQ(linear_batch_norm_growth(128), 1.008);
  EXPECT_NEAR(std::sqrt(linear_batch_norm_growth(8)), 1.0998, 0.005);
  EXPECT_NEAR(std::sqrt(linear_batch_norm_growth(32)), 1.0178, 0.001);
  EXPECT_NEAR(std::sqrt(linear_batch_norm_growth(128)), 1.0051, 0.0012);
  EXPECT_NEAR(std::sqrt(linear_batch_norm_growth(512)), 1.0013, 0.0004);
  EXPECT_TRUE(std::isinf(linear_batch_norm_growth(3)));
  EXPECT_THROW(linear_batch_norm_growth(1), SpecError);
}

}  // namespace
}  // namespace plumb::theory
