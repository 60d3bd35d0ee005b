// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/event_log.h"

#include <gtest/gtest.h>

#include <thread>

namespace plumb::serve {
namespace {

constexpr std::chrono::milliseconds kNow{0};

TEST(EventLogTest, GivesWhatCameSince) {
  EventLog log("a");
  log.add("finding", "", "1");
  log.add("finding", "", "2");
  const auto first = log.after(0, kNow);
  ASSERT_EQ(first.events.size(), 2u);
  EXPECT_EQ(first.events[1].data, "2");
  EXPECT_EQ(first.last, 2u);
  EXPECT_TRUE(log.after(2, kNow).events.empty());
  log.add("finding", "", "3");
  ASSERT_EQ(log.after(2, kNow).events.size(), 1u);
  EXPECT_FALSE(log.after(2, kNow).missed);
}

TEST(EventLogTest, KeepsTheNewestOfAKeyAlone) {
  EventLog log("a");
  for (int i = 0; i < 100; ++i) log.add("run", i % 2 == 0 ? "even" : "odd", std::to_string(i));
  const auto all = log.after(0, kNow);
  ASSERT_EQ(all.events.size(), 2u);
  EXPECT_EQ(all.events[0].data, "98");
  EXPECT_EQ(all.events[1].data, "99");
  // Who has seen one of them gets the other.
  EXPECT_EQ(log.after(99, kNow).events.size(), 1u);
  EXPECT_FALSE(log.after(50, kNow).missed);
}

TEST(EventLogTest, SaysWhenEventsAreGone) {
  EventLog log("a");
  log.add("run", "row", "kept");
  for (std::size_t i = 0; i < EventLog::kMost + 10; ++i) log.add("finding", "", "x");
  EXPECT_TRUE(log.after(1, kNow).missed);
  EXPECT_FALSE(log.after(log.last() - 5, kNow).missed);
  EXPECT_EQ(log.after(0, kNow).events.front().data, "kept");
  EXPECT_TRUE(log.after(log.last() + 1, kNow).missed);
}

TEST(EventLogTest, KnowsItsOwnIdsAlone) {
  const EventLog log("abc");
  EXPECT_EQ(log.number_of(log.id_of(17)), 17u);
  for (const char* id :
       {"", "17", "abc-", "abd-17", "abc-17x", "abc--1", "abc-99999999999999999999"}) {
    EXPECT_FALSE(log.number_of(id).has_value()) << id;
  }
}

TEST(EventLogTest, WakesWhoWaits) {
  EventLog log("a");
  std::thread later([&] { log.add("finding", "", "x"); });
  EXPECT_EQ(log.after(0, std::chrono::seconds(60)).events.size(), 1u);
  later.join();
  std::thread end([&] { log.close(); });
  EXPECT_TRUE(log.after(1, std::chrono::seconds(60)).events.empty());
  end.join();
  EXPECT_TRUE(log.is_closed());
}

}  // namespace
}  // namespace plumb::serve
