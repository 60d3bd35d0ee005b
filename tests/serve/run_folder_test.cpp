// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/run_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "plumb/core/error.h"
#include "tests/support/temp_dir.h"

namespace plumb::serve {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names(const RunFolder& folder) {
  std::vector<std::string> all;
  for (const RunPath& run : folder.runs()) all.push_back(run.name);
  return all;
}

TEST(RunFolderTest, FindsRunsBelowByName) {
  const testing::TempDir dir;
  fs::create_directories(dir.file("b/c"));
  dir.write("b/c/two.plumb", "");
  dir.write("one.plumb", "");
  dir.write("notes.txt", "");
  dir.write(".hidden.plumb", "");
  const RunFolder folder({dir.path()});
  EXPECT_EQ(names(folder), (std::vector<std::string>{"b/c/two", "one"}));
  dir.write("three.plumb", "");
  EXPECT_EQ(names(folder).size(), 3u);
}

TEST(RunFolderTest, FollowsNoLinkOut) {
  const testing::TempDir dir, elsewhere;
  const std::string secret = elsewhere.write("secret.plumb", "");
  fs::create_symlink(secret, dir.file("link.plumb"));
  fs::create_directory_symlink(elsewhere.path(), dir.file("folder"));
  dir.write("own.plumb", "");
  fs::create_symlink(dir.file("own.plumb"), dir.file("alias.plumb"));
  EXPECT_EQ(names(RunFolder({dir.path()})), (std::vector<std::string>{"alias", "own"}));
}

TEST(RunFolderTest, TakesFilesAndRefusesWhatIsNot) {
  const testing::TempDir dir;
  const std::string file = dir.write("one.plumb", "");
  EXPECT_EQ(names(RunFolder({file})), (std::vector<std::string>{"one"}));
  EXPECT_THROW(RunFolder({dir.file("none")}), StoreError);
}

}  // namespace
}  // namespace plumb::serve
