// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/nearest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace plumb {
namespace {

constexpr std::array<std::string_view, 5> kNames{"dense", "relu", "selu", "sigmoid", "gap"};

TEST(NearestTest, DistancesOfKnownPairs) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("saturday", "sunday"), 3u);
  EXPECT_EQ(edit_distance("dense", "desne"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // the known gap to the unrestricted distance, 2
}

TEST(NearestTest, FindsTheNameThatWasMeant) {
  EXPECT_EQ(nearest_name("desne", kNames), "dense");
  EXPECT_EQ(nearest_name("sigmod", kNames), "sigmoid");
  EXPECT_EQ(nearest_name("rely", kNames), "relu");
  EXPECT_EQ(nearest_name("relu", kNames), "relu");
}

TEST(NearestTest, OffersNothingFarAway) {
  EXPECT_EQ(nearest_name("transformer", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000000, 'a'), kNames), "");
}

TEST(NearestTest, FormsMessages) {
  EXPECT_EQ(did_you_mean("denze", kNames), ", did you mean 'dense'?");
  EXPECT_EQ(did_you_mean("quux", kNames), "");
  EXPECT_EQ(join_names(std::array<std::string_view, 3>{"a", "b", "c"}), "a, b or c");
  EXPECT_EQ(join_names({}), "");
}

RC_GTEST_PROP(NearestTest, DistanceIsSymmetricAndBoundedByTheLongerWord, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::inRange('a', 'd'));
  const std::string a = *letters;
  const std::string b = *letters;
  RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
  RC_ASSERT(edit_distance(a, b) <= std::max(a.size(), b.size()));
  RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
}

}  // namespace
}  // namespace plumb
