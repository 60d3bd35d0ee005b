// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/text_columns.h"

#include <gtest/gtest.h>

#include <array>

#include "plumb/report/text.h"

namespace plumb {
namespace {

using Line = std::vector<std::string>;

TEST(ColumnsTest, AreAsWideAsTheirCellsAndLeaveOutEmptyOnes) {
  const std::array<Line, 2> lines{Line{"run", "", "age"}, Line{"deep", "", "3 s"}};
  const Columns columns = Columns::fitting(lines, 80);
  EXPECT_EQ(columns.line(lines[0]), "run   age");
  EXPECT_EQ(columns.line(lines[1]), "deep  3 s");
}

TEST(ColumnsTest, TheWidestGiveWay) {
  const std::array<Line, 1> lines{Line{std::string(50, 'a'), "short", std::string(30, 'b')}};
  const std::string line = Columns::fitting(lines, 60).line(lines[0]);
  EXPECT_EQ(display_width(line), 60);
  EXPECT_NE(line.find("short"), std::string::npos);
}

TEST(ColumnsTest, NoneIsNarrowerThanTheLeast) {
  const std::array<Line, 1> lines{Line{std::string(50, 'a'), std::string(50, 'b')}};
  EXPECT_EQ(display_width(Columns::fitting(lines, 5).line(lines[0])), 2 * Columns::kLeast + 2);
}

TEST(ColumnsTest, AlikeOnesShareWhatTheFirstLeaves) {
  const Columns columns = Columns::alike(24, 2, 80);
  EXPECT_EQ(columns.line(Line{"loss", "1", "2"}),
            "loss" + std::string(20, ' ') + "1" + std::string(27, ' ') + "2");
  EXPECT_TRUE(columns.fits(1, std::string(27, 'x')));
  EXPECT_FALSE(columns.fits(1, std::string(28, 'x')));
}

}  // namespace
}  // namespace plumb
