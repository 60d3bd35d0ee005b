// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>

namespace plumb::theory {

/// |actual - expected| <= relative * |expected|.
#define EXPECT_REL(actual, expected, relative) \
  EXPECT_NEAR(actual, expected, (relative)*std::abs(expected))

}  // namespace plumb::theory
