// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/run_row.h"

#include <gtest/gtest.h>

namespace plumb::serve {
namespace {

RunRow row(std::vector<std::pair<std::string, std::string>> settings) {
  RunRow one;
  one.settings = std::move(settings);
  return one;
}

TEST(RunRowTest, NamesWhatDiffersAlone) {
  const std::vector<RunRow> rows{row({{"network", "a"}, {"lr", "0.1"}, {"seed", "0"}}),
                                 row({{"network", "b"}, {"lr", "0.2"}, {"seed", "0"}}),
                                 broken_row("x", "x", "no run")};
  EXPECT_EQ(differences(rows), (std::vector<std::string>{"lr=0.1", "lr=0.2", ""}));
  EXPECT_EQ(differences({rows[0]}), (std::vector<std::string>{""}));
}

TEST(RunRowTest, ASettingThatOnlySomeHaveDiffers) {
  const std::vector<RunRow> rows{row({{"lr", "0.1"}, {"momentum", "0.9"}}), row({{"lr", "0.1"}})};
  EXPECT_EQ(differences(rows), (std::vector<std::string>{"momentum=0.9", ""}));
}

TEST(RunRowTest, SaysDurationsInOneUnit) {
  EXPECT_EQ(duration_words(12.4), "12 s");
  EXPECT_EQ(duration_words(600), "10 min");
  EXPECT_EQ(duration_words(5 * 3600), "5 h");
  EXPECT_EQ(duration_words(3 * 86400), "3 days");
  EXPECT_EQ(duration_words(RunRow::kNone), "-");
}

TEST(RunRowTest, VerdictIsTheWorstFindingOrTheOutcome) {
  RunRow one;
  one.outcome = "not_learning";
  EXPECT_EQ(verdict_words(one), "not learning");
  one.severity = "note";
  one.finding = "Small thing at layer 2";
  EXPECT_EQ(verdict_words(one), "not learning");
  one.severity = "critical";
  EXPECT_EQ(verdict_words(one), "Small thing at layer 2");
  EXPECT_EQ(verdict_words(broken_row("p", "n", "why")), "not read: why");
}

}  // namespace
}  // namespace plumb::serve
