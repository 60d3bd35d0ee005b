// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>

namespace plumb {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/output-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::optional<std::string> write(const std::string& path, const std::string& text) {
    return write_output(path, [&](std::ostream& out) { out << text; });
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(OutputFileTest, MakesAFileAndReplacesOneWithItsPermissions) {
  EXPECT_EQ(write(at("a"), "one"), std::nullopt);
  EXPECT_EQ(content(at("a")), "one");
  ASSERT_EQ(chmod(at("a").c_str(), 0640), 0);
  EXPECT_EQ(write(at("a"), "two"), std::nullopt);
  EXPECT_EQ(content(at("a")), "two");
  struct stat status {};
  ASSERT_EQ(stat(at("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, FollowsLinksAlsoToWhatIsNotThereYet) {
  put(at("a"), "old");
  fs::create_symlink("a", at("link"));
  fs::create_symlink("b", at("dangling"));
  EXPECT_EQ(write(at("link"), "new"), std::nullopt);
  EXPECT_EQ(write(at("dangling"), "made"), std::nullopt);
  EXPECT_TRUE(fs::is_symlink(at("link")) && fs::is_symlink(at("dangling")));
  EXPECT_EQ(content(at("a")), "new");
  EXPECT_EQ(content(at("b")), "made");
}

TEST_F(OutputFileTest, WritesThroughAFifo) {
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0600), 0);
  auto reader = std::async(std::launch::async, [&] { return content(at("pipe")); });
  EXPECT_EQ(write(at("pipe"), "through"), std::nullopt);
  EXPECT_EQ(reader.get(), "through");
  EXPECT_TRUE(fs::is_fifo(at("pipe")));
}

TEST_F(OutputFileTest, LeavesDevicesWhatTheyAre) {
  EXPECT_EQ(write("/dev/null", "gone"), std::nullopt);
  const auto problem = write("/dev/full", "does not fit");
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(*problem, "No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/null") && fs::is_character_file("/dev/full"));
  fs::create_symlink("/dev/full", at("full"));
  EXPECT_TRUE(write(at("full"), "nor here").has_value());
  EXPECT_TRUE(fs::is_symlink(at("full")));
}

TEST_F(OutputFileTest, AnErrorInTheMiddleLeavesWhatWasThere) {
  put(at("a"), "old");
  const auto throws = [](std::ostream& out) {
    out << "half";
    throw std::runtime_error("in the middle");
  };
  EXPECT_THROW(static_cast<void>(write_output(at("a"), throws)), std::runtime_error);
  EXPECT_EQ(content(at("a")), "old");
  const auto fails = [](std::ostream& out) {
    out << "half";
    out.setstate(std::ios::badbit);
  };
  EXPECT_TRUE(write_output(at("a"), fails).has_value());
  EXPECT_EQ(content(at("a")), "old");
  EXPECT_TRUE(write_output(at("b"), fails).has_value());
  EXPECT_FALSE(fs::exists(at("b")));
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, SaysWhyNotBeforeAnythingIsWritten) {
  put(at("locked"), "mine");
  ASSERT_EQ(chmod(at("locked").c_str(), 0444), 0);
  for (const auto& [path, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "its name is empty"},
           {folder_.string(), "is a folder"},
           {at("no/such/file"), "folder " + at("no/such") + " does not exist"},
           {at("locked"), "is read-only"},
           {at("locked") + "/file", "Not a directory"},
           {at(std::string(300, 'n')), "File name too long"}}) {
    EXPECT_EQ(output_problem(path), why) << path;
    bool asked = false;
    EXPECT_EQ(write_output(path, [&](std::ostream&) { asked = true; }), why) << path;
    EXPECT_FALSE(asked);
  }
  EXPECT_EQ(content(at("locked")), "mine");
  EXPECT_EQ(output_problem(at("fine")), std::nullopt);
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, ANameAsLongAsANameCanBeIsNoTrouble) {
  EXPECT_EQ(write(at(std::string(255, 'n')), "long"), std::nullopt);
  EXPECT_EQ(content(at(std::string(255, 'n'))), "long");
}

TEST_F(OutputFileTest, AppendsToWhatIsThere) {
  EXPECT_EQ(append_output(at("log"), "one\n"), std::nullopt);
  ASSERT_EQ(symlink("log", at("link").c_str()), 0);
  EXPECT_EQ(append_output(at("link"), "two\n"), std::nullopt);
  EXPECT_EQ(content(at("log")), "one\ntwo\n");
  EXPECT_TRUE(fs::is_symlink(at("link")));
  ASSERT_EQ(chmod(at("log").c_str(), 0444), 0);
  EXPECT_EQ(append_output(at("log"), "three\n"), "is read-only");
  EXPECT_EQ(content(at("log")), "one\ntwo\n");
  EXPECT_EQ(append_output("/dev/full", "x"), "No space left on device");
  EXPECT_NE(append_output(at("no/such"), "x"), std::nullopt);
}

}  // namespace
}  // namespace plumb
