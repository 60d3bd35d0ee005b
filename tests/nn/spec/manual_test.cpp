// SPDX-License-Identifier: Apache-2.0
// The examples of docs/language.md do what the page says.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "plumb/nn/spec/arguments.h"
#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

/// The cells of every table row of the page that stands below `heading`, up to the next heading.
std::vector<std::vector<std::string>> table_below(const std::string& heading) {
  std::ifstream file(PLUMB_TEST_DIR "/../docs/language.md");
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) inside = line == "## " + heading;
    if (!inside || !line.starts_with("| ")) continue;
    std::vector<std::string> cells;
    for (std::size_t begin = 2, end; (end = line.find(" |", begin)) != std::string::npos;) {
      cells.push_back(line.substr(begin, end - begin));
      begin = std::min(end + 3, line.size());
    }
    rows.push_back(cells);
  }
  if (!rows.empty()) rows.erase(rows.begin());  // the titles
  return rows;
}

std::string code(const std::string& cell) { return cell.substr(1, cell.size() - 2); }

/// What the layer table would find wrong with a dense layer.
void read_dense(const Spec& spec) {
  SpecArguments arguments(spec.text, spec.items.at(0));
  arguments.positive_integer(0, "the number of units");
  arguments.boolean("bias", true);
  arguments.done();
}

TEST(ManualTest, EveryExampleOfAConstructParses) {
  const auto rows = table_below("Grammar");
  ASSERT_GE(rows.size(), 10u);
  for (const auto& row : rows) {
    EXPECT_EQ(spec_error([&] { parse_spec(code(row.at(1))); }), "no error") << row.at(1);
  }
}

TEST(ManualTest, EveryErrorIsTheOneThatThePageShows) {
  const auto rows = table_below("Errors");
  ASSERT_GE(rows.size(), 14u);
  for (const auto& row : rows) {
    const std::string said = spec_error([&] { read_dense(parse_spec(code(row.at(0)))); });
    EXPECT_EQ(said.substr(0, said.find('\n')), "network: " + row.at(1));
  }
}

}  // namespace
}  // namespace plumb
