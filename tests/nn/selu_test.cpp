// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/selu.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Selu, LayerChecks,
                         ::testing::Values(LayerCase{.text = "selu", .kinks = {0}}));

}  // namespace plumb::testing
