// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/request_guard.h"

#include <gtest/gtest.h>

namespace plumb::serve {
namespace {

const GuardOptions kLocal{"127.0.0.1", 8077, ""};
const GuardOptions kWide{"0.0.0.0", 8077, "00112233445566778899aabbccddeeff"};

RequestFacts request(std::string_view host) { return {"GET", "/api/runs", host, "", ""}; }

TEST(RequestGuardTest, AnswersItsOwnNames) {
  for (const char* host : {"127.0.0.1:8077", "localhost:8077", "[::1]:8077"})
    EXPECT_EQ(refusal(request(host), kLocal), 0) << host;
}

TEST(RequestGuardTest, RefusesOtherNames) {
  for (const char* host : {"", "evil.example", "evil.example:8077", "127.0.0.1", "127.0.0.1:80",
                           "127.0.0.1.evil.example:8077"}) {
    EXPECT_EQ(refusal(request(host), kLocal), 421) << host;
  }
}

TEST(RequestGuardTest, RefusesOtherMethodsLongTargetsAndOrigins) {
  RequestFacts facts = request("localhost:8077");
  facts.method = "POST";
  EXPECT_EQ(refusal(facts, kLocal), 405);
  facts = request("localhost:8077");
  const std::string target(kLongestTarget + 1, 'a');
  facts.target = target;
  EXPECT_EQ(refusal(facts, kLocal), 414);
  facts = request("localhost:8077");
  for (const char* origin :
       {"null", "http://evil.example", "https://localhost:8077", "http://localhost"}) {
    facts.origin = origin;
    EXPECT_EQ(refusal(facts, kLocal), 403) << origin;
  }
  facts.origin = "http://localhost:8077";
  EXPECT_EQ(refusal(facts, kLocal), 0);
}

TEST(RequestGuardTest, AsksForTheTokenWhereThereIsOne) {
  RequestFacts facts = request("any.example:8077");
  EXPECT_EQ(refusal(facts, kWide), 403);
  facts.token = "00112233445566778899aabbccddeefe";
  EXPECT_EQ(refusal(facts, kWide), 403);
  facts.token = "00112233445566778899aabbccddeeff0";
  EXPECT_EQ(refusal(facts, kWide), 403);
  facts.token = kWide.token;
  EXPECT_EQ(refusal(facts, kWide), 0);
}

TEST(RequestGuardTest, ReadsQueries) {
  EXPECT_EQ(query_value("/events?token=abc&last=x-1", "token"), "abc");
  EXPECT_EQ(query_value("/events?token=abc&last=x-1", "last"), "x-1");
  EXPECT_EQ(query_value("/events?xtoken=abc", "token"), "");
  EXPECT_EQ(query_value("/events", "token"), "");
  EXPECT_EQ(path_of_target("/events?token=abc"), "/events");
}

TEST(RequestGuardTest, TokensAreLongAndDiffer) {
  EXPECT_EQ(new_token().size(), 32u);
  EXPECT_NE(new_token(), new_token());
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("localhost") && is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0") || is_loopback("192.168.1.2") || is_loopback("::"));
}

}  // namespace
}  // namespace plumb::serve
