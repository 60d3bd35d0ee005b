// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/linear_net.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/core/error.h"
#include "tests/theory/near.h"

namespace plumb::theory {
namespace {

// Glorot and Bengio 2010, section 4.2.2, print "around 0.8" for their start and 0.5 for the
// standard one.
TEST(LinearNetTest, MeanSingularValue) {
  EXPECT_NEAR(mean_singular_value(1), 0.848826363157, 6e-13);
  EXPECT_NEAR(mean_singular_value(std::sqrt(1.0 / 3)), 0.490070129264, 6e-13);
}

TEST(LinearNetTest, OneModeOfTwoMatrices) {
  const double strengths[] = {0.007342146712, 0.051820658599, 0.287664368676, 0.748992325232,
                              0.956613255562};
  for (int t = 1; t <= 5; ++t) EXPECT_NEAR(mode_strength(1, 1e-3, t), strengths[t - 1], 6e-13);
  EXPECT_NEAR(time_to_reach({2, 1, 1e-3}, 0.5), 3.453377389324, 1e-12);
  EXPECT_NEAR(time_to_reach({2, 1, 1e-3}, 0.99), 5.750937314392, 1e-12);
  EXPECT_REL(mode_strength(1, 1e-3, time_to_reach({2, 1, 1e-3}, 0.3)), 0.3, 1e-12);
  EXPECT_REL(mode_strength(2, 0.01, time_to_reach({2, 2, 0.01}, 1.5)), 1.5, 1e-12);
}

TEST(LinearNetTest, DeeperIsSlowerToStart) {
  EXPECT_NEAR(time_to_reach({3, 1, 1e-3}, 0.5), 9.144747, 6e-7);
  EXPECT_NEAR(time_to_reach({5, 1, 1e-3}, 0.5), 20.953227, 6e-7);
  EXPECT_NEAR(time_to_reach({10, 1, 1e-3}, 0.5), 31.542377, 6e-7);
  EXPECT_THROW(time_to_reach({2, 1, 1e-3}, 1.5), SpecError);
  EXPECT_THROW(time_to_reach({0, 1, 1e-3}, 0.5), SpecError);
}

}  // namespace
}  // namespace plumb::theory
