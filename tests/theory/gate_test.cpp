// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

TEST(GateTest, MemoryOfAnLstmAtInitialisation) {
  EXPECT_EQ(gate_value(0), 0.5);
  EXPECT_NEAR(gate_value(1), .731058578630005, 1e-15);
  EXPECT_NEAR(gate_value(2), .880797077977882, 1e-15);
  EXPECT_NEAR(gate_value(5), .993307149075715, 1e-15);
  EXPECT_NEAR(std::pow(gate_value(1), 10), .0436035427941, 6e-14);
  EXPECT_REL(std::pow(gate_value(1), 100), 2.484e-14, 2e-4);
  EXPECT_NEAR(std::pow(gate_value(2), 10), .281033862321, 6e-13);
  EXPECT_NEAR(std::pow(gate_value(5), 100), .510923784856, 6e-13);
  EXPECT_NEAR(half_life(gate_value(1)), 2.2127, 6e-5);
  EXPECT_NEAR(half_life(gate_value(5)), 103.218, 6e-4);
  EXPECT_NEAR(gate_memory(1), 3.7, 0.05);
}

TEST(GateTest, CarryOfAHighwayLayer) {
  EXPECT_NEAR(gate_value(1), .731058578630, 6e-13);  // transform bias -1
  EXPECT_NEAR(gate_value(2), .880797077978, 6e-13);
  EXPECT_NEAR(gate_value(3), .952574126822, 6e-13);
  EXPECT_NEAR(gate_value(4), .982013790038, 6e-13);
}

TEST(GateTest, ChronoInitialisation) {
  EXPECT_REL(gate_memory(std::log(783.0)), 784, 1e-13);
  EXPECT_REL(1 / (1 - gate_value(std::log(50.0))), gate_memory(std::log(50.0)), 1e-12);
}

TEST(GateTest, EndsOfTheScale) {
  EXPECT_EQ(half_life(0), 0);
  EXPECT_TRUE(std::isinf(half_life(1)));
}

}  // namespace
}  // namespace plumb::theory
