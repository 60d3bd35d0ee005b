// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/text.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

TEST(TextTest, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("dense"), 5);
  EXPECT_EQ(display_width("\xC3\xBC"), 1);          // u umlaut
  EXPECT_EQ(display_width("u\xCC\x88"), 1);         // u, combining diaeresis
  EXPECT_EQ(display_width("\xE4\xBD\xA0"), 2);      // a Han character
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2);  // an emoji
  EXPECT_EQ(display_width("\xE2\x96\x88"), 1);      // a full block
}

TEST(TextTest, PrintableDefusesEscapeCodes) {
  EXPECT_EQ(printable("\x1b[31mred\x07\xC2\x9B"), " [31mred  ");
  EXPECT_EQ(printable("a\nb"), "a\nb");
  EXPECT_EQ(printable("\xFF\xE4\xBD"), "???");
  EXPECT_EQ(printable("\xC3\xBC"), "\xC3\xBC");
  EXPECT_EQ(printable("\xC3\xBC", true), "?");
}

TEST(TextTest, ShortensToTheWidth) {
  EXPECT_EQ(shorten("dense 128", 9), "dense 128");
  EXPECT_EQ(shorten("dense 128", 7), "dense..");
  EXPECT_EQ(display_width(shorten("\xE4\xBD\xA0\xE4\xBD\xA0\xE4\xBD\xA0", 5)), 4);
}

TEST(TextTest, WrapsAtWordsAndBreaksWhatIsTooLong) {
  EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("a abcdefgh b", 4), (std::vector<std::string>{"a", "abcd", "efgh", "b"}));
  EXPECT_EQ(wrap("a\nb", 9), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(wrap("", 9), (std::vector<std::string>{""}));
}

TEST(TextTest, PadsByColumns) {
  EXPECT_EQ(pad_left("\xC3\xBC", 3), "  \xC3\xBC");
  EXPECT_EQ(pad_right("\xE4\xBD\xA0", 3), "\xE4\xBD\xA0 ");
  EXPECT_EQ(pad_right("long", 2), "long");
}

}  // namespace
}  // namespace plumb
