// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/date_text.h"

#include <gtest/gtest.h>

#include <string>

namespace plumb {
namespace {

TEST(DateTextTest, UsualFormsAreKnown) {
  for (const std::string text : {"2024-01-31",
                                 "2024/1/31",
                                 "2024.01.31",
                                 "2024-01",
                                 "2024Q1",
                                 "2024-q4",
                                 "31.1.2024",
                                 "1/31/24",
                                 "31-12-1999",
                                 "Jan 31 2024",
                                 "January 31, 2024",
                                 "Jan 2024",
                                 "31 January 2024",
                                 "31-DEC-99",
                                 "Jan-1-1995",
                                 "Sept. 3 2001",
                                 "10:30",
                                 "9:05:00",
                                 "10:30:05.25",
                                 "10:30 PM",
                                 "2024-01-31T10:00:00Z",
                                 "2024-01-31 10:00:00+01:00",
                                 "2024-01-31 10:00 -0500",
                                 "1/31/2024, 10:30 am",
                                 "Jan 1 2000 10:00 AM"}) {
    EXPECT_TRUE(is_date(text)) << text;
  }
}

TEST(DateTextTest, OtherTextsAreNot) {
  for (const std::string text : {"",
                                 "2024",
                                 "1.5",
                                 "12.05",
                                 "1-2",
                                 "1/2",
                                 "1.2.3",
                                 "2024-01-31-05",
                                 "2024-1/31",
                                 "202-01-01",
                                 "March",
                                 "May",
                                 "Mayor 3 2000",
                                 "31 Jan",
                                 "10",
                                 "10:3",
                                 "10:30:",
                                 "10:300",
                                 "1:2:3",
                                 "2024Q5",
                                 "x 2024-01-31",
                                 "2024-01-31 x",
                                 "2024-01-31T",
                                 "A10:30",
                                 "10:30 XM",
                                 "18+",
                                 "192.168.1.10",
                                 "-",
                                 "Jan",
                                 "12:30 +1"}) {
    EXPECT_FALSE(is_date(text)) << text;
  }
}

}  // namespace
}  // namespace plumb
