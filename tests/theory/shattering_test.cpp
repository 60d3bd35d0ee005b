// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/shattering.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

const CorrelationMap& relu_map() {
  static const CorrelationMap map(make_activation("relu"), {std::sqrt(2.0), 0}, 1);
  return map;
}

// A power of depth, not the 2^-depth of independent gates: what networks of width 400 measure. From
// prod (1 - arccos(c_l) / pi) with mpmath; a table of another program has these to 8 digits only.
TEST(ShatteringTest, ReluFromOrthogonalInputs) {
  const PairDecay decay = pair_decay(relu_map(), 1, 100);
  const struct {
    std::size_t layers;
    double correlation;
  } rows[] = {{1, .5},
              {2, .3015576242136},
              {5, .104558841541548},
              {10, .0336521509766318},
              {20, .00823534447981562},
              {50, .000912024219774418},
              {100, .000144121713426854}};
  for (const auto& row : rows) {
    EXPECT_REL(decay.gradient[row.layers], row.correlation, 1e-11) << row.layers;
  }
  EXPECT_GT(decay.gradient[10], 30 * std::exp2(-10));
}

TEST(ShatteringTest, ReluFromAlikeInputs) {
  const PairDecay decay = pair_decay(relu_map(), 0.1, 50);
  EXPECT_NEAR(decay.gradient[10], .283870021250371, 1e-12);
  EXPECT_NEAR(decay.gradient[50], .0225891593647737, 1e-12);
}

TEST(ShatteringTest, LinearLayersDoNotShatter) {
  const CorrelationMap map(make_activation("identity"), {1, 0}, 1);
  const PairDecay decay = pair_decay(map, 0.7, 10);
  EXPECT_REL(decay.gradient[10], 1, 1e-12);
  EXPECT_REL(decay.distance[10], 0.7, 1e-12);
}

}  // namespace
}  // namespace plumb::theory
