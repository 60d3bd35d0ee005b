// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/softsign.h"

#include <gtest/gtest.h>

#include "tests/support/layer_checks.h"

namespace plumb::testing {

INSTANTIATE_TEST_SUITE_P(Softsign, LayerChecks,
                         ::testing::Values(LayerCase{.text = "softsign", .kinks = {0}}));

}  // namespace plumb::testing
