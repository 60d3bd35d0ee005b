// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/utc_time.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <regex>

namespace plumb {
namespace {

// RFC 3339 and POSIX: known moments.
TEST(UtcTimeTest, KnownMoments) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(951782399), "2000-02-28T23:59:59Z");
  EXPECT_EQ(utc_text(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(utc_text(1'000'000'000), "2001-09-09T01:46:40Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59Z");
}

TEST(UtcTimeTest, TheZoneOfThisMachineDoesNotMatter) {
  const char* const before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TZ", "America/New_York", 1);
  tzset();
  EXPECT_EQ(utc_text(1'000'000'000), "2001-09-09T01:46:40Z");
  if (before == nullptr) {
    unsetenv("TZ");
  } else {
    setenv("TZ", kept.c_str(), 1);
  }
  tzset();
}

TEST(UtcTimeTest, WhatNoCalendarHasIsEmpty) {
  EXPECT_EQ(utc_text(std::numeric_limits<std::time_t>::max()), "");
}

TEST(UtcTimeTest, NowLiesBetweenTwoLooksAtTheClock) {
  const std::string before = utc_text(std::time(nullptr)), now = utc_now(),
                    after = utc_text(std::time(nullptr));
  EXPECT_TRUE(std::regex_match(now, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")));
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

}  // namespace
}  // namespace plumb
