// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/text_format.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace plumb {
namespace {

TEST(TextFormatTest, TextsThatAreNoTablesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[{\"a\": 1}]", "JSON"},
      {"{\"a\": 1}\n{\"a\": 2}\n", "JSON"},
      {"\n [[1, 2]]", "JSON"},
      {"<!DOCTYPE html>\n<html>", "HTML or XML"},
      {"<?xml version='1.0'?>", "HTML or XML"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a Git LFS pointer in place of the file (git lfs pull fetches it)"},
      {"% iris\n@RELATION iris\n@attribute a numeric\n@data\n1\n", "an ARFF file"},
      {"1 1:0.5 2:1\n-1 2:3\n", "LIBSVM's format (index:value)"},
      {"| a | b |\n|---|:-:|\n| 1 | 2 |\n", "a Markdown table"},
  };
  for (const auto& [text, format] : cases) EXPECT_EQ(other_text_format(text), format) << text;
}

TEST(TextFormatTest, TablesAreLeftAlone) {
  for (const std::string text :
       {"", "\n", "a,b\n1,2\n", "[cm],[kg]\n1,2\n", "{a},b\n1,2\n", "<5,1\n6,2\n", "a|b\n1|2\n",
        "a|b\n-|-\n", "1 10:30 11:45\n2 12:00 13:10\n", "7 1:0.5\n", "1 2 3\n", "version 1\n"}) {
    EXPECT_EQ(other_text_format(text), "") << text;
  }
}

}  // namespace
}  // namespace plumb
