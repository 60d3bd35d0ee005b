// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/log_lines.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

class LogLinesTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  std::string path_ = dir_.file("log.jsonl");
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
};

TEST_F(LogLinesTest, ReadsWhatItWrote) {
  {
    LogLines log(path_);
    EXPECT_TRUE(log.found().empty());
    log.add("{1}");
    EXPECT_EQ(read(), "{1}\n");  // at once
    log.add("{2}");
  }
  LogLines again(path_);
  EXPECT_EQ(again.found(), (std::vector<std::string>{"{1}", "{2}"}));
  again.add("{3}");
  EXPECT_EQ(read(), "{1}\n{2}\n{3}\n");
}

TEST_F(LogLinesTest, HalfALineIsCutOffWithTheFirstOneBehindIt) {
  write("{1}\n{2, \"unfini");
  LogLines log(path_);
  EXPECT_EQ(log.found(), std::vector<std::string>{"{1}"});
  EXPECT_EQ(read(), "{1}\n{2, \"unfini");
  log.add("{3}");
  EXPECT_EQ(read(), "{1}\n{3}\n");
}

TEST_F(LogLinesTest, ALastLineThatLacksItsEndAloneIsKept) {
  for (const std::string& line :
       std::vector<std::string>{R"({"mine": 1})", R"({"a": {"b": "}{\""}})"}) {
    write(line);
    LogLines log(path_);
    EXPECT_EQ(log.found(), std::vector<std::string>{line});
    log.add("{3}");
    EXPECT_EQ(read(), line + "\n{3}\n");
  }
  for (const std::string& torn :
       std::vector<std::string>{R"({"a": {"b": 1})", R"({"a": "}")", R"({"a": "})"}) {
    write(torn);
    EXPECT_TRUE(LogLines(path_).found().empty()) << torn;
  }
}

TEST_F(LogLinesTest, AFileOfAnotherKindIsLeftAsItIs) {
  write("lr = 0.1");
  EXPECT_THROW(LogLines log(path_), DataError);
  EXPECT_EQ(read(), "lr = 0.1");
  EXPECT_THROW(LogLines log(::testing::TempDir()), DataError);
  EXPECT_THROW(LogLines log("/nonexistent/folder/log"), DataError);
}

}  // namespace
}  // namespace plumb
