// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/identity.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Identity, LayerChecks, ::testing::Values(LayerCase{.text = "identity"}));

}  // namespace plumb::testing
