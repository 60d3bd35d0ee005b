// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/anchor.h"

#include <gtest/gtest.h>

#include <optional>
#include <type_traits>

namespace plumb {
namespace {

static_assert(!std::is_copy_constructible_v<Anchor> && !std::is_copy_assignable_v<Anchor>);
static_assert(std::is_nothrow_move_constructible_v<Anchor>);

TEST(AnchorTest, AWatchHoldsWhileTheObjectStays) {
  std::optional<Anchor> anchor(std::in_place);
  const Anchor::Watch watch = anchor->watch(), copy = watch;
  EXPECT_TRUE(watch.holds() && copy.holds());
  anchor.reset();
  EXPECT_FALSE(watch.holds() || copy.holds());
  anchor.emplace();  // another one at the same place
  EXPECT_FALSE(watch.holds());
  EXPECT_TRUE(anchor->watch().holds());
}

TEST(AnchorTest, AMoveEndsTheWatchesOfBothSides) {
  Anchor from, to;
  const Anchor::Watch of_from = from.watch(), of_to = to.watch();
  to = std::move(from);
  EXPECT_FALSE(of_from.holds() || of_to.holds());
  EXPECT_TRUE(to.watch().holds());
  EXPECT_FALSE(from.watch().holds());
  from = std::move(to);  // back where the first watch began
  EXPECT_TRUE(of_from.holds());
  EXPECT_FALSE(of_to.holds());
}

TEST(AnchorTest, MovingOntoItselfChangesNothing) {
  Anchor anchor;
  const Anchor::Watch watch = anchor.watch();
  Anchor& same = anchor;
  anchor = std::move(same);
  EXPECT_TRUE(watch.holds());
}

}  // namespace
}  // namespace plumb
