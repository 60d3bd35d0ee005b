// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/wrap_lines.h"

#include <gtest/gtest.h>

namespace plumb::cli {
namespace {

TEST(WrapLinesTest, ALongLineGoesOnAtItsOwnIndentation) {
  EXPECT_EQ(wrap_lines("    one two three four five six seven", 24, 60),
            "    one two three four\n    five six seven\n");
}

TEST(WrapLinesTest, ADescriptionGoesOnBelowItself) {
  EXPECT_EQ(wrap_lines("  --lr X    the rate of learning of all layers", 32, 12),
            "  --lr X    the rate of learning\n            of all layers\n");
}

TEST(WrapLinesTest, ACommandToCopyStaysWhole) {
  const std::string command = "  plumb train \"flatten > 30 x [dense 128 > sigmoid]\"\n";
  EXPECT_EQ(wrap_lines(command, 20, 30), command);
}

TEST(WrapLinesTest, OneEmptyLineIsEnough) {
  EXPECT_EQ(wrap_lines("one\n\n\n\ntwo\n\nthree\n", 40, 30), "one\n\ntwo\n\nthree\n");
}

TEST(JoinParagraphsTest, LinesWithoutIndentationBecomeOne) {
  EXPECT_EQ(join_paragraphs("one\ntwo\n\nthree\nfour\nfive\n"), "one two\n\nthree four five\n");
}

TEST(JoinParagraphsTest, AHeadingAndWhatIsIndentedBelowItStayLines) {
  const std::string lines = "\nExamples:\n  plumb demo\n  plumb lab\n\nThe end.\n";
  EXPECT_EQ(join_paragraphs(lines), lines);
  EXPECT_EQ(join_paragraphs(""), "");
}

}  // namespace
}  // namespace plumb::cli
