// SPDX-License-Identifier: Apache-2.0
// What happens to a run's file from outside, and what spreadsheets make of an export.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

TEST(MovedRunTest, IsWholeWhereItWasMovedTo) {
  const ScratchFolder folder;
  const plumb::Run run = plain_run(6, 5);
  fs::create_directory(folder / "sub");
  RunWriter writer(folder / "a.plumb");
  writer.begin(run.info);
  for (std::size_t i = 0; i < 3; ++i) writer.add(run.steps[i]);
  EXPECT_EQ(writer.where(), folder / "a.plumb");
  fs::rename(folder / "a.plumb", folder / "sub/b.plumb");
  for (std::size_t i = 3; i < run.steps.size(); ++i) writer.add(run.steps[i]);
  writer.end({"finished", 6, 1});
  writer.write_findings({});
  EXPECT_EQ(writer.where(), folder / "sub/b.plumb");
  EXPECT_NO_THROW(writer.close());
  const plumb::Run loaded = load_run(folder / "sub/b.plumb");
  EXPECT_EQ(loaded.steps.size(), 6U);
  EXPECT_TRUE(loaded.end && loaded.is_diagnosed());
  EXPECT_FALSE(fs::exists(folder / "a.plumb"));
}

TEST(MovedRunTest, ADeletedOneIsNowhere) {
  const ScratchFolder folder;
  RunWriter writer(folder / "a.plumb");
  writer.begin({});
  fs::remove(folder / "a.plumb");
  EXPECT_EQ(writer.where(), std::nullopt);
  // Another file of that name is another file.
  std::ofstream(folder / "a.plumb") << "other";
  EXPECT_EQ(writer.where(), std::nullopt);
}

TEST(FindingsOfAWriterTest, AreThoseThatAreRead) {
  const ScratchFolder folder;
  const plumb::Run run = rich_run();
  RunWriter writer(folder / "a.plumb");
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.write_findings(*run.findings);
  writer.write_findings(*run.findings);
  if (run.end) writer.end(*run.end);
  writer.close();
  EXPECT_EQ(describe(load_run(folder / "a.plumb")), describe(run));
}

TEST(MissingLogTest, IsNamedWhereARunWasCopiedWithoutIt) {
  const ScratchFolder folder;
  write_killed_run(folder / "a.plumb", plain_run(5, 3));
  EXPECT_EQ(RunReader(folder / "a.plumb").missing_log(), std::nullopt);
  fs::copy_file(folder / "a.plumb", folder / "copy.plumb");
  try {
    RunReader reader(folder / "copy.plumb");
    EXPECT_EQ(reader.missing_log(), folder / "copy.plumb-wal");
  } catch (const StoreError& error) {  // not even the network is in the file
    EXPECT_NE(std::string(error.what()).find("copy.plumb-wal"), std::string::npos) << error.what();
  }
  write_run(folder / "whole.plumb", plain_run(5, 3));
  EXPECT_EQ(RunReader(folder / "whole.plumb").missing_log(), std::nullopt);
}

TEST(IsRunFileTest, TellsRunsFromEverythingElse) {
  const ScratchFolder folder;
  write_run(folder / "run", plain_run(2, 2));
  write_file(folder / "text", std::string(200, 'x'));
  write_file(folder / "empty", "");
  write_file(folder / "database", "SQLite format 3" + std::string(200, '\0'));
  EXPECT_TRUE(is_run_file(folder / "run"));
  for (const char* name : {"text", "empty", "database", "nothing", ""}) {
    EXPECT_FALSE(is_run_file(folder / name)) << name;
  }
  EXPECT_FALSE(is_run_file("/dev/zero"));
}

TEST(CsvFieldTest, QuotesAndIsNoFormula) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
  EXPECT_EQ(csv_field("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
  for (const char* text : {"=1+1", "+cmd", "-cmd|x", "@sum", "-"}) {
    EXPECT_EQ(csv_field(text), "'" + std::string(text));
  }
  for (const char* number : {"-1", "+1.5", "-1e-300", "-inf", "0"})
    EXPECT_EQ(csv_field(number), number);
  EXPECT_EQ(csv_field(""), "");
}

}  // namespace
}  // namespace plumb
