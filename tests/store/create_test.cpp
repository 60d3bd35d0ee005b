// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

void make_other_database(const std::string& path) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "CREATE TABLE t(x)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
}

void execute(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
}

std::string create_error(const std::string& path) {
  return store_error([&] { RunWriter writer(path); });
}

std::string load_error(const std::string& path) {
  return store_error([&] { load_run(path); });
}

void expect_one_line_about(const std::string& path, const std::string& message) {
  EXPECT_THAT(message, StartsWith(path + ": "));
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(CreateRunTest, WhatIsNotARunIsNeverOverwritten) {
  const ScratchFolder folder;
  write_file(folder / "text", "dear diary, today I trained a network and it did not learn\n");
  write_file(folder / "short", "x");
  write_file(folder / "empty", "");
  make_other_database(folder / "other.db");
  const struct {
    const char* name;
    const char* what;
  } cases[] = {{"text", "not a run file"},
               {"short", "not a run file"},
               {"empty", "is empty"},
               {"other.db", "an SQLite database of something else"}};
  for (const auto& [name, what] : cases) {
    const std::string path = folder / name;
    const std::string before = read_file(path);
    const std::string message = create_error(path);
    expect_one_line_about(path, message);
    EXPECT_THAT(message, HasSubstr(what));
    EXPECT_THAT(message, HasSubstr("not overwritten"));
    EXPECT_EQ(read_file(path), before);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 4)
      << "something was left behind";
}

TEST(CreateRunTest, PlacesThatCannotHoldAFileAreNamed) {
  const ScratchFolder folder;
  EXPECT_THAT(create_error(folder / "no/such/a.plumb"),
              HasSubstr("cannot be created: directory " + folder / "no/such" + " does not exist"));
  EXPECT_THAT(create_error(folder.path()), HasSubstr("is a directory"));
  EXPECT_THAT(create_error("/dev/full"), HasSubstr("/dev/full: is not a regular file"));
  EXPECT_THAT(create_error(""), HasSubstr("no path given"));
  write_file(folder / "file", "x");
  expect_one_line_about(folder / "file/a.plumb", create_error(folder / "file/a.plumb"));
  expect_one_line_about(folder / std::string(300, 'a'),
                        create_error(folder / std::string(300, 'a')));
}

TEST(CreateRunTest, AFolderWithoutWritePermissionIsNamed) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  EXPECT_EQ(store_error_of_stranger(folder, [&] { RunWriter writer(path); }),
            path + ": cannot be created: Permission denied");
}

TEST(CreateRunTest, AReadOnlyRunIsNotReplaced) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(2, 7));
  fs::permissions(path, fs::perms(0444));
  EXPECT_EQ(store_error_of_stranger(folder, [&] { RunWriter writer(path); }),
            path + ": Permission denied");
}

TEST(CreateRunTest, AnExistingRunIsReplaced) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(20, 14));
  write_run(path, plain_run(3, 7));
  EXPECT_EQ(describe(load_run(path)), describe(plain_run(3, 7)));
}

TEST(CreateRunTest, AKilledRunIsReplacedWithItsLog) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_killed_run(path, rich_run());
  ASSERT_TRUE(fs::exists(path + "-wal"));
  write_run(path, plain_run(3, 7));
  EXPECT_EQ(describe(load_run(path)), describe(plain_run(3, 7)));
}

TEST(CreateRunTest, TheLogOfAVanishedRunIsNotTakenForTheNewOnes) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_killed_run(path, rich_run());
  fs::remove(path);
  write_run(path, plain_run(3, 7));
  EXPECT_EQ(describe(load_run(path)), describe(plain_run(3, 7)));
}

TEST(CreateRunTest, ADamagedRunIsReplacedIfItStillSaysThatItIsOne) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(20, 14));
  std::string bytes = read_file(path);
  std::fill(bytes.begin() + 4096, bytes.end(), '\xff');
  write_file(path, bytes);
  ASSERT_THAT(load_error(path), HasSubstr("damaged"));
  write_run(path, plain_run(3, 7));
  EXPECT_EQ(describe(load_run(path)), describe(plain_run(3, 7)));
  fs::resize_file(path, 5000);
  EXPECT_THAT(create_error(path), HasSubstr("not overwritten"));
}

TEST(CreateRunTest, ARunThatIsBeingWrittenIsNotReplaced) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(5, 7);
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  load_run(path);  // a reader in this process must not cost the writer its locks
  const auto in_other_process = [&] { RunWriter thief(path); };
  EXPECT_THAT(create_error(path), HasSubstr("open in another program"));
  EXPECT_THAT(store_error_of_stranger(folder, in_other_process), testing::Not(testing::IsEmpty()));
  kill_after([&] { write_file(folder / "message", create_error(path)); });
  EXPECT_EQ(read_file(folder / "message"),
            path + ": the run is open in another program, it cannot be replaced");
  writer.close();
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(CreateRunTest, ALinkKeepsPointingAtTheRun) {
  const ScratchFolder folder;
  write_run(folder / "target.plumb", plain_run(1, 7));
  fs::create_symlink("target.plumb", folder / "link.plumb");
  write_run(folder / "link.plumb", plain_run(3, 7));
  EXPECT_TRUE(fs::is_symlink(folder / "link.plumb"));
  EXPECT_EQ(describe(load_run(folder / "target.plumb")), describe(plain_run(3, 7)));
}

TEST(CreateRunTest, NamesThatSqliteWouldInterpretAreFiles) {
  const ScratchFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  for (const std::string name : {":memory:", "file:a.plumb?mode=memory", "100%#?.plumb"}) {
    write_run(name, plain_run(2, 7));
    EXPECT_TRUE(fs::exists(folder.path() / name)) << name;
    EXPECT_EQ(describe(load_run(name)), describe(plain_run(2, 7))) << name;
  }
  fs::current_path(before);
}

TEST(LoadRunTest, WhatIsNotARunIsNamed) {
  const ScratchFolder folder;
  write_file(folder / "text", std::string(3000, 'x'));
  write_file(folder / "short", "SQLite format 3");
  write_file(folder / "empty", "");
  make_other_database(folder / "other.db");
  const struct {
    std::string path;
    std::string message;
  } cases[] = {
      {folder / "missing", "no such file"},
      {folder.path(), "is a directory, expected a run file"},
      {"/dev/null", "is not a regular file, expected a run file"},
      {folder / "empty", "is empty, expected a run file"},
      {folder / "text", "not a run file: expected an SQLite database"},
      {folder / "short", "not a run file: expected an SQLite database"},
      {folder / "other.db", "not a run file: an SQLite database of something else"},
  };
  for (const auto& [path, message] : cases) {
    EXPECT_EQ(load_error(path), path + ": " + message);
    EXPECT_EQ(store_error([&] { load_steps_after(path, 3); }), path + ": " + message);
    EXPECT_EQ(store_error([&] { save_findings(path, {}); }), path + ": " + message);
  }
}

TEST(LoadRunTest, ANewerSchemaIsRefusedWithBothVersions) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(1, 7));
  execute(path, "PRAGMA user_version = 7; DROP TABLE step");
  EXPECT_EQ(load_error(path),
            path + ": was written with schema version 7, this build reads up to 2");
}

// What a build before the time series wrote: the same tables without that one.
TEST(LoadRunTest, AFileOfSchemaVersion1IsRead) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(3, 7);
  write_run(path, run);
  execute(path, "DROP TABLE time_series; PRAGMA user_version = 1");
  EXPECT_EQ(describe(load_run(path)), describe(run));
  EXPECT_EQ(load_steps_after(path, 1).size(), 1U);
  save_findings(path, {});
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(LoadRunTest, AMissingTimeTableIsDamageInVersion2) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(1, 7));
  execute(path, "DROP TABLE time_series");
  EXPECT_EQ(load_error(path), path + ": damaged run file: no such table: time_series");
}

TEST(LoadRunTest, TimeSeriesThatCannotBeAreDamage) {
  const struct {
    const char* sql;
    const char* what;
  } cases[] = {
      {"UPDATE time_series SET quantity = 'x' WHERE idx = 0",
       "a time series of an unknown quantity"},
      {"UPDATE time_series SET statistic = 'x' WHERE idx = 1",
       "a time series of an unknown quantity"},
      {"UPDATE time_series SET time_steps = 1000000000",
       "a time series is shorter than its time steps"},
      {"UPDATE time_series SET time_steps = -1", "a time series is shorter than its time steps"},
      {"UPDATE time_series SET time_steps = time_steps - 1", "a time series is malformed"},
      {"UPDATE time_series SET series = x'80808080' WHERE time_steps = 4",
       "a time series is malformed"},
      {"UPDATE time_series SET reverse = 2", "column reverse is 2, expected 0 or 1"},
      {"DELETE FROM time_series WHERE idx = 1", "a record of step 5 is out of order"},
  };
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  for (const auto& [sql, what] : cases) {
    write_run(path, rich_run());
    execute(path, sql);
    EXPECT_EQ(load_error(path), path + ": damaged run file: " + what);
  }
}

TEST(LoadRunTest, AMissingTableIsDamage) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(1, 7));
  execute(path, "DROP TABLE step");
  EXPECT_EQ(load_error(path), path + ": damaged run file: no such table: step");
}

TEST(LoadRunTest, ValuesThatCannotBeAreDamage) {
  const struct {
    const char* sql;
    const char* what;
  } cases[] = {
      {"UPDATE step SET epoch = 'two' WHERE step = 1", "column epoch does not hold an integer"},
      {"UPDATE sketch SET mean = 'x'", "column mean does not hold a real number"},
      {"UPDATE sketch SET log2_scale = 99999999999",
       "column log2_scale is 99999999999, out of range"},
      {"UPDATE sketch SET site = 99", "a sketch of an unknown site"},
      {"UPDATE sketch SET histogram = x'0580'", "a histogram is malformed"},
      {"UPDATE sketch SET format_loss = x'01'", "a format loss is malformed"},
      {"UPDATE site SET role = 'y' WHERE id = 1", "unknown name \"y\""},
      {"DELETE FROM sketch WHERE idx = 1", "a record of step 0 is out of order"},
      {"DELETE FROM step WHERE step = 1", "a record of step 1 is out of order"},
      {"UPDATE step SET measured = 2", "column measured is 2, expected 0 or 1"},
      {"UPDATE step SET validated = 4", "column validated is not within 0..3"},
      {"PRAGMA user_version = 0", "schema version 0"},
  };
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  for (const auto& [sql, what] : cases) {
    write_run(path, plain_run(3, 7));
    execute(path, sql);
    EXPECT_EQ(load_error(path), path + ": damaged run file: " + what);
  }
}

TEST(LoadRunTest, AFileCutShortIsDamage) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(20, 14));
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_THAT(load_error(path), StartsWith(path + ": damaged run file: "));
}

TEST(LoadRunTest, ARunThatHasNotBegunSaysSo) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const RunWriter writer(path);
  EXPECT_EQ(load_error(path), path + ": holds no run yet, nothing was recorded");
}

TEST(LoadRunTest, AFileWithoutReadPermissionIsNamed) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(1, 7));
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(store_error_of_stranger(folder, [&] { load_run(path); }), path + ": Permission denied");
}

}  // namespace
}  // namespace plumb
