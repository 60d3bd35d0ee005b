// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/flatten.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Flatten, LayerChecks, ::testing::Values(LayerCase{.text = "flatten"}));

TEST(FlattenTest, KeepsTheBatchAndJoinsTheRest) {
  EXPECT_EQ(Flatten().output_shape({2, 3, 4, 5}), (Shape{2, 60}));
  EXPECT_EQ(Flatten().output_shape({7}), (Shape{7, 1}));
  EXPECT_THROW(Flatten().output_shape({}), ShapeError);
}

}  // namespace plumb::testing
