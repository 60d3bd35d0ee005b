// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/softplus.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Softplus, LayerChecks, ::testing::Values(LayerCase{.text = "softplus"}));

}  // namespace plumb::testing
