// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/time_quantity.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace plumb {
namespace {

TEST(TimeQuantityTest, EveryNameIsItsOwnAndReadsBack) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kTimeQuantityCount; ++i) {
    const auto quantity = static_cast<TimeQuantity>(i);
    EXPECT_FALSE(to_string(quantity).empty());
    EXPECT_EQ(parse_time_quantity(to_string(quantity)), quantity);
    names.insert(to_string(quantity));
  }
  EXPECT_EQ(names.size(), kTimeQuantityCount);
  EXPECT_EQ(to_string(TimeQuantity::grad_h_by_new_gate), "grad_h_by_new_gate");
  EXPECT_EQ(parse_time_quantity("weight"), std::nullopt);
}

TEST(TimeQuantityTest, SevenAreGates) {
  int gates = 0;
  for (std::size_t i = 0; i < kTimeQuantityCount; ++i) {
    const auto quantity = static_cast<TimeQuantity>(i);
    if (is_gate(quantity)) ++gates;
    EXPECT_EQ(is_gate(quantity),
              to_string(quantity).ends_with("_gate") && !to_string(quantity).starts_with("grad"));
  }
  EXPECT_EQ(gates, 7);
}

}  // namespace
}  // namespace plumb
