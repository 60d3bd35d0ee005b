// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(NumberTextTest, NumbersWithAPoint) {
  const auto number = [](std::string_view text) { return parse_table_number(text, '.'); };
  EXPECT_EQ(number("3"), 3);
  EXPECT_EQ(number(" -2.5\t"), -2.5);
  EXPECT_EQ(number("+7."), 7);
  EXPECT_EQ(number(".5"), 0.5);
  EXPECT_EQ(number("1e-3"), 1e-3);
  EXPECT_EQ(number("1E+05"), 1e5);
  EXPECT_EQ(number("1,234,567.25"), 1234567.25);
  EXPECT_EQ(number("1 234 567"), 1234567);
  EXPECT_EQ(number("1'234.5"), 1234.5);
  EXPECT_EQ(number("1\xE2\x80\xAF"
                   "234"),
            1234);
  EXPECT_EQ(number("12%"), 0.12);
  EXPECT_EQ(number("12.5 %"), 0.125);
  EXPECT_EQ(number("-$1,000"), -1000);
  EXPECT_EQ(number("$-3"), -3);
  EXPECT_EQ(number("3 \xE2\x82\xAC"), 3);
  EXPECT_EQ(number("\xC2\xA3"
                   "4"),
            4);
  EXPECT_EQ(number("\xE2\x88\x92"
                   "2"),
            -2);
  EXPECT_EQ(number("1e400"), kInfinity);
  EXPECT_EQ(number("-1e400"), -kInfinity);
  EXPECT_EQ(number("1e-400"), 0);
  EXPECT_EQ(number("-INF"), -kInfinity);
  EXPECT_TRUE(std::isnan(number("NaN").value()));
}

TEST(NumberTextTest, NumbersWithAComma) {
  const auto number = [](std::string_view text) { return parse_table_number(text, ','); };
  EXPECT_EQ(number("2,5"), 2.5);
  EXPECT_EQ(number("-0,125"), -0.125);
  EXPECT_EQ(number("1,5e-3"), 1.5e-3);
  EXPECT_EQ(number("1.234,5"), 1234.5);
  EXPECT_EQ(number("1.234.567"), 1234567);
  EXPECT_EQ(number("7"), 7);
}

TEST(NumberTextTest, WhatIsNoNumber) {
  for (const std::string text :
       {"",    " ",     "-",      "+",        ".",         ",",          "x",     "1x",
        "1 2", "12 34", "1,23",   "1,2345",   "1,234 567", "0,123",      "1..2",  "1e",
        "e5",  "0x10",  "1-2",    "+-2",      "--2",       "2024-01-31", "10:30", "%",
        "$",   "1.2.3", "1,,234", "infinite", "1,234,"}) {
    EXPECT_FALSE(parse_table_number(text, '.')) << text;
  }
  for (const std::string text : {"2.5", "1,2,3", "1.23", "31.12.2024"}) {
    EXPECT_FALSE(parse_table_number(text, ',')) << text;
  }
}

TEST(NumberTextTest, HintsOfTheDecimalSign) {
  for (const std::string text : {"2.5", "1,234.5", "1,234,567", "0.123", "$1.50"}) {
    EXPECT_EQ(decimal_hint(text), DecimalHint::point) << text;
  }
  for (const std::string text : {"2,5", "1.234,5", "1.234.567", "0,123", "7,50 \xE2\x82\xAC"}) {
    EXPECT_EQ(decimal_hint(text), DecimalHint::comma) << text;
  }
  for (const std::string text : {"1,234", "1.234"}) {
    EXPECT_EQ(decimal_hint(text), DecimalHint::either) << text;
  }
  for (const std::string text : {"7", "x", "31.12.2024", "1,2,3", "a.b"}) {
    EXPECT_EQ(decimal_hint(text), DecimalHint::none) << text;
  }
}

}  // namespace
}  // namespace plumb
