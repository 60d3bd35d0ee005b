// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "plumb/lab/experiment.h"

namespace plumb::lab {
namespace {

/// The cells of a row of a Markdown table, without the spaces around them.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::size_t from = 1;
  for (std::size_t at = row.find('|', from); at != std::string::npos; at = row.find('|', from)) {
    std::string cell = row.substr(from, at - from);
    cell.erase(0, cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
    cells.push_back(std::move(cell));
    from = at + 1;
  }
  return cells;
}

TEST(ClaimsTest, ThePageJudgesEachClaimAsTheDocumentDoes) {
  std::ifstream document(PLUMB_CLAIMS_DOCUMENT);
  ASSERT_TRUE(document.good());
  std::map<int, std::string> judged;
  for (std::string line; std::getline(document, line);) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() >= 3 && std::atoi(cells[0].c_str()) > 0) {
      judged[std::atoi(cells[0].c_str())] = cells[2];
    }
  }
  EXPECT_EQ(judged.size(), 38u);
  for (const Experiment& experiment : experiments()) {
    for (const Claim& claim : experiment.claims) {
      const std::string expected =
          claim.judgement == Judgement::conditional ? "conditional" : to_string(claim.judgement);
      EXPECT_EQ(judged[claim.number], expected) << "claim " << claim.number;
    }
  }
}

}  // namespace
}  // namespace plumb::lab
