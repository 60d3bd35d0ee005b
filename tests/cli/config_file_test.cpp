// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/config_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "tests/support/temp_dir.h"

namespace plumb::cli {
namespace {

class ConfigFileTest : public ::testing::Test {
 protected:
  std::vector<FileSetting> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_config_file(path_);
  }
  plumb::testing::TempDir dir_;
  std::string path_ = dir_.file("config.toml");
};

TEST_F(ConfigFileTest, GivesKeysWithDashesValuesAsTextAndLines) {
  const auto settings =
      read("network = \"dense 3\"\n# a comment\nclip_norm = 1.5\nsteps = 10\nshuffle = false\n");
  ASSERT_EQ(settings.size(), 4u);
  for (const FileSetting& setting : settings) {
    if (setting.key == "clip-norm") {
      EXPECT_EQ(setting.value, "1.5");
      EXPECT_EQ(setting.line, 3);
    } else if (setting.key == "shuffle") {
      EXPECT_EQ(setting.value, "false");
    } else if (setting.key == "steps") {
      EXPECT_EQ(setting.value, "10");
    } else {
      EXPECT_EQ(setting.key, "network");
      EXPECT_EQ(setting.value, "dense 3");
    }
  }
}

TEST_F(ConfigFileTest, AListIsWhatStandsBetweenCommas) {
  const auto settings = read("keep = ['depth', 'activation']\n");
  ASSERT_EQ(settings.size(), 1);
  EXPECT_EQ(settings.front().value, "depth,activation");
}

TEST_F(ConfigFileTest, RefusesTablesListsOfListsAndMissingFiles) {
  EXPECT_THROW(read("[section]\nlr = 1\n"), SpecError);
  EXPECT_THROW(read("lr = [[1, 2], 3]\n"), SpecError);
  EXPECT_THROW(read("lr = []\n"), SpecError);
  EXPECT_THROW(read_config_file(path_ + ".missing"), DataError);
}

TEST_F(ConfigFileTest, TenThousandDamagedFilesGiveOnlySpecErrors) {
  const std::string original =
      "network = \"flatten > 30 x [dense 128 > sigmoid] > dense 10\"\ndata = 'glyphs?n=100'\n"
      "lr = 0.1\nbatch = 64\nclip_norm = 1e0\nshuffle = true\n";
  const Rng rng(1, "test/config");
  for (std::uint64_t i = 0; i < 10000; ++i) {
    std::string text = original;
    if (i % 2 == 0) {
      text.resize(rng.below(3 * i, text.size()));
    } else {
      for (std::uint64_t flip = 0; flip <= i % 3; ++flip) {
        const std::uint64_t bit = rng.below(3 * i + flip, 8 * text.size());
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
      }
    }
    try {
      parse_config(text, "damaged.toml");
    } catch (const SpecError&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace plumb::cli
