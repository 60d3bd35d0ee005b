// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/setting_change.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

TrainConfig config_with(const std::string& network) {
  TrainConfig config;
  config.network = network;
  return config;
}

TEST(SettingChangeTest, AnotherWayToSayTheSameIsNoChange) {
  const TrainConfig config = config_with("3 x [dense 8 > relu] > dense 2");
  TrainConfig other = config;
  other.network = "dense 8 > relu > dense 8 > relu > dense 8 > relu > dense 2";
  EXPECT_TRUE(is_no_op(config, other));
  other.network = "2 x [dense 8 > relu] > dense 2";
  EXPECT_FALSE(is_no_op(config, other));
}

TEST(SettingChangeTest, StartsOfTheSameVarianceAreTheSame) {
  TrainConfig he = config_with("dense 2");
  he.init = "he_normal";
  TrainConfig lecun = he;
  lecun.init = "lecun_normal";
  EXPECT_FALSE(is_no_op(he, lecun));
  lecun.gain = 1.4142;
  EXPECT_TRUE(is_no_op(he, lecun));
  TrainConfig glorot = he;
  glorot.init = "glorot_normal";
  glorot.gain = 1.4142;  // equal for square layers alone
  EXPECT_FALSE(is_no_op(he, glorot));
  TrainConfig orthogonal = he;
  orthogonal.init = "orthogonal";
  orthogonal.gain = 1.4142;
  EXPECT_FALSE(is_no_op(he, orthogonal));
  EXPECT_TRUE(is_no_op(orthogonal, orthogonal));
}

TEST(SettingChangeTest, AnySettingOfTheTrainerIsAChange) {
  const TrainConfig config = config_with("dense 2");
  TrainConfig other = config;
  other.learning_rate = 0.05;
  EXPECT_FALSE(is_no_op(config, other));
  EXPECT_EQ(setting_changes(config, other), (std::vector<SettingChange>{{"lr", "0.1", "0.05"}}));
}

TEST(SettingChangeTest, TheCommandIsQuotedForTheShell) {
  TrainConfig config = config_with("dense 8 > relu > dense 2");
  config.data = "csv:it's.csv?label=a";
  config.learning_rate = 0.05;
  EXPECT_EQ(train_command(config),
            "plumb train 'dense 8 > relu > dense 2' --data 'csv:it'\\''s.csv?label=a' --lr 0.05");
}

TEST(SettingChangeTest, TomlHasTheSameSettings) {
  TrainConfig config = config_with("dense 2");
  config.init = "he_normal";
  config.standardise = true;
  config.optimiser.name = "adam";
  config.learning_rate = 0.001;
  EXPECT_EQ(to_toml(config),
            "network = \"dense 2\"\ninit = \"he_normal\"\nstandardise = true\n"
            "optimiser = \"adam\"\nlr = 0.001\n");
}

TEST(SettingChangeTest, ARunFileTellsItsTraining) {
  TrainConfig config = config_with("dense 2");
  config.learning_rate = 0.05;
  RunInfo info;
  info.settings = to_settings(config);
  const auto read = config_of(info);
  ASSERT_TRUE(read);
  EXPECT_TRUE(setting_changes(config, *read).empty());
  info.settings = {{"framework", "torch"}};
  EXPECT_FALSE(config_of(info));
  info.settings.clear();
  EXPECT_FALSE(config_of(info));
}

}  // namespace
}  // namespace plumb
