// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/json_number.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace plumb {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(JsonNumberTest, WhatIsNoFiniteNumberIsNull) {
  EXPECT_EQ(json_number<Json>(0.1).dump(), "0.1");
  for (const double value : {kNan, kInfinity, -kInfinity}) {
    EXPECT_TRUE(json_number<Json>(value).is_null());
    EXPECT_TRUE(json_number<Json>(std::optional<double>(value)).is_null());
  }
  EXPECT_TRUE(json_number<Json>(std::optional<double>()).is_null());
  EXPECT_EQ(json_number<Json>(std::optional<double>(-3)), -3);
}

TEST(JsonNumberTest, AMeasurementKeepsItsInfinities) {
  EXPECT_TRUE(json_measurement<Json>(kNan).is_null());
  EXPECT_EQ(json_measurement<Json>(kInfinity), "Infinity");
  EXPECT_EQ(json_measurement<Json>(-kInfinity), "-Infinity");
  EXPECT_EQ(json_measurement<Json>(std::optional<double>(-kInfinity)), "-Infinity");
  EXPECT_TRUE(json_measurement<Json>(std::optional<double>()).is_null());
  EXPECT_EQ(json_measurement<Json>(1e-300).dump(), "1e-300");
}

}  // namespace
}  // namespace plumb
