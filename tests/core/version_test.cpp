// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/version.h"

#include <gtest/gtest.h>

#include <string>

namespace plumb {
namespace {

static_assert(PLUMB_VERSION ==
              PLUMB_VERSION_OF(PLUMB_VERSION_MAJOR, PLUMB_VERSION_MINOR, PLUMB_VERSION_PATCH));
static_assert(PLUMB_VERSION_OF(0, 2, 0) < PLUMB_VERSION_OF(0, 2, 1));
static_assert(PLUMB_VERSION_OF(0, 99, 99) < PLUMB_VERSION_OF(1, 0, 0));

TEST(VersionTest, TheTextHasTheSameNumbers) {
  EXPECT_EQ(kVersion, std::to_string(PLUMB_VERSION / 10000) + "." +
                          std::to_string(PLUMB_VERSION / 100 % 100) + "." +
                          std::to_string(PLUMB_VERSION % 100));
}

}  // namespace
}  // namespace plumb
