// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/thin.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

using Places = std::vector<std::size_t>;

TEST(ThinTest, KeepsAllThatFits) { EXPECT_EQ(thin_out(3, 3), (Places{0, 1, 2})); }

TEST(ThinTest, KeepsBothEndsAndSpreadsEvenly) {
  EXPECT_EQ(thin_out(1001, 3), (Places{0, 500, 1000}));
  EXPECT_EQ(thin_out(10, 2), (Places{0, 9}));
}

TEST(ThinTest, BearsNothingAndOne) {
  EXPECT_EQ(thin_out(0, 5), Places{});
  EXPECT_EQ(thin_out(1, 5), Places{0});
}

}  // namespace
}  // namespace plumb
