// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plumb/nn/spec/spec.h"
#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

std::string message(const std::string& text, std::size_t column) {
  return spec_error([&] { throw_spec_error(text, column, "wrong"); });
}

TEST(SpecMessageTest, HasThreeLinesWithTheCaretUnderTheColumn) {
  EXPECT_EQ(message("dense 4", 6), "network: wrong\n  dense 4\n        ^");
  EXPECT_EQ(message("dense 4", 0), "network: wrong\n  dense 4\n  ^");
}

TEST(SpecMessageTest, AColumnBehindTheEndPointsAtTheEnd) {
  EXPECT_EQ(message("ab", 99), "network: wrong\n  ab\n    ^");
  EXPECT_EQ(message("", 0), "network: wrong\n  \n  ^");
}

TEST(SpecMessageTest, LineBreaksAndTabsAreShownAsSpaces) {
  EXPECT_EQ(message("a >\n\tb", 5), "network: wrong\n  a >  b\n       ^");
}

TEST(SpecMessageTest, ACharacterOfManyBytesMovesTheCaretByOne) {
  EXPECT_EQ(message("a \xE2\x86\x92 b", 6), "network: wrong\n  a \xE2\x86\x92 b\n      ^");
}

TEST(SpecMessageTest, ALongTextIsShownAroundTheCaret) {
  const std::string text = std::string(5000, 'a') + "B" + std::string(5000, 'c');
  const std::string said = message(text, 5000);
  const std::string shown = "..." + std::string(60, 'a') + "B" + std::string(39, 'c') + "...";
  EXPECT_EQ(said, "network: wrong\n  " + shown + "\n  " + std::string(63, ' ') + "^");
}

}  // namespace
}  // namespace plumb
