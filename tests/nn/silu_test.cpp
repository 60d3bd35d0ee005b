// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/silu.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Silu, LayerChecks, ::testing::Values(LayerCase{.text = "silu"}));

}  // namespace plumb::testing
