// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/config.h"

#include <gtest/gtest.h>

#include <set>

#include "plumb/core/error.h"

namespace plumb {
namespace {

TEST(ConfigTest, EverySettingGivesBackWhatItWasSetTo) {
  // A value that differs from the default, for each kind of value.
  for (const Setting& setting : settings()) {
    TrainConfig config;
    std::string text =
        setting.value == "BOOL" ? (setting.get(config) == "true" ? "false" : "true") : "0.25";
    if (setting.value == "COUNT" || setting.value == "STEPS" || setting.key == "seed") text = "17";
    if (setting.key == "precision") text = "double";
    if (setting.key == "record") text = "every=5";
    setting.set(config, text);
    EXPECT_EQ(setting.get(config), text) << setting.key;
    EXPECT_NE(setting.get(TrainConfig{}), text) << setting.key;
  }
}

TEST(ConfigTest, DefaultsSurviveARoundTrip) {
  TrainConfig copy;
  for (const auto& [key, value] : to_settings(TrainConfig{})) find_setting(key)->set(copy, value);
  EXPECT_EQ(to_settings(copy), to_settings(TrainConfig{}));
}

TEST(ConfigTest, KeysAreUnique) {
  std::set<std::string_view> keys;
  for (const Setting& setting : settings())
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
}

TEST(ConfigTest, BadValuesNameKeyAndExpectation) {
  const auto message = [](std::string_view key, std::string_view text) -> std::string {
    TrainConfig config;
    try {
      find_setting(key)->set(config, text);
    } catch (const SpecError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("lr", "fast"), "lr: 'fast', expected a number");
  EXPECT_EQ(message("lr", "nan"), "lr: 'nan', expected a number");
  EXPECT_EQ(message("lr", "-1"), "lr: -1, expected at least 0");
  EXPECT_EQ(message("batch", "0"), "batch: 0, expected at least 1");
  EXPECT_EQ(message("threads", "1025"), "threads: 1025, expected at most 1024");
  EXPECT_EQ(message("batch", "2.5"),
            "batch: '2.5', expected a whole number up to 9223372036854775807");
  EXPECT_EQ(message("shuffle", "perhaps"), "shuffle: 'perhaps', expected true or false");
  EXPECT_EQ(message("validation", "1"), "validation: 1, expected at least 0 and below 1");
  EXPECT_EQ(message("precision", "half"), "precision: 'half', expected float, double");
}

}  // namespace
}  // namespace plumb
