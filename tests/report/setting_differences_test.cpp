// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/setting_differences.h"

#include <gtest/gtest.h>

#include <array>

namespace plumb {
namespace {

using Values = std::vector<std::optional<std::string>>;

TEST(SettingDifferencesTest, NamesWhatDiffersInTheOrderOfTheFirstRunThatHasIt) {
  const std::array<RunSettings, 3> runs{RunSettings{{"lr", "0.1"}, {"init", "he"}},
                                        RunSettings{{"lr", "0.3"}, {"init", "he"}, {"clip", "1"}},
                                        RunSettings{{"seed", "1"}, {"init", "he"}, {"lr", "0.1"}}};
  const auto differences = setting_differences(runs);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_EQ(differences[0].name, "lr");
  EXPECT_EQ(differences[0].values, (Values{"0.1", "0.3", "0.1"}));
  EXPECT_EQ(differences[1].name, "clip");
  EXPECT_EQ(differences[1].values, (Values{std::nullopt, "1", std::nullopt}));
  EXPECT_EQ(differences[2].name, "seed");
}

TEST(SettingDifferencesTest, AnEmptySettingIsNotAnAbsentOne) {
  const std::array<RunSettings, 2> runs{RunSettings{{"weights", ""}}, RunSettings{}};
  const auto differences = setting_differences(runs);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].values, (Values{"", std::nullopt}));
  EXPECT_EQ(setting_text(differences[0].values[0]), "(empty)");
  EXPECT_EQ(setting_text(differences[0].values[1]), "-");
}

TEST(SettingDifferencesTest, WhatIsNotKnownOfARunIsAbsent) {
  RunInfo info;
  info.network = "dense 1";
  info.seed = 3;
  info.settings = {{"seed", "4"}, {"lr", ""}};
  EXPECT_EQ(
      settings_of(info),
      (RunSettings{{"network", "dense 1"}, {"seed", "3"}, {"precision", "float"}, {"lr", ""}}));
}

TEST(SettingDifferencesTest, OneRunOrNoneDiffersInNothing) {
  EXPECT_TRUE(setting_differences({}).empty());
  const std::array<RunSettings, 1> one{RunSettings{{"lr", "1"}}};
  EXPECT_TRUE(setting_differences(one).empty());
}

}  // namespace
}  // namespace plumb
