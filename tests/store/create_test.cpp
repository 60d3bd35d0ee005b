// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "plumb/core/error.h"
#include "plumb/store/run_draft.h"
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
            path + ": was written with schema version 7, this build reads up to 5");
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
      {"UPDATE step SET epoch = 'two' WHERE step = 6", "column epoch does not hold an integer"},
      {"UPDATE step SET loss = 'x'", "column loss does not hold a real number"},
      {"UPDATE step SET validation_loss = 'x'",
       "column validation_loss does not hold a real number"},
      {"UPDATE step SET measured = 3 WHERE step = 6", "column measured is 3, expected 0 or 1"},
      {"UPDATE step SET skipped = 2", "column skipped is 2, expected 0 or 1"},
      {"UPDATE layer SET depth = 99999999999", "column depth is 99999999999, out of range"},
      {"UPDATE layer SET block = 9 WHERE idx = 1", "layer 1 names block 9, the graph has 2"},
      {"UPDATE edge SET source = 7 WHERE layer = 1", "layer 1 reads layer 7, the graph has 7"},
      {"UPDATE param_user SET layer = -1 WHERE param = 1",
       "parameter 1 names layer -1, the graph has 7"},
      {"UPDATE block SET parent = 2", "block 0 names block 2, the graph has 2"},
      {"UPDATE output SET layer = 70", "an output names layer 70, the graph has 7"},
      {"UPDATE data SET samples = 'many'", "column samples does not hold an integer"},
      {"DELETE FROM data_column WHERE part = 'input' AND idx = 0", "rows are out of order"},
      {"DELETE FROM class_size WHERE idx = 1", "rows are out of order"},
      {"UPDATE baseline SET loss = 'x'", "column loss does not hold a real number"},
      {"UPDATE optimiser SET nesterov = 2", "column nesterov is 2, expected 0 or 1"},
      {"UPDATE measurement SET signals = symmetries", "signals of step 5 lacks a column"},
      {"DELETE FROM layer WHERE idx = 3", "rows are out of order"},
      {"DELETE FROM edge WHERE layer = 6 AND idx = 1", "rows are out of order"},
      {"DELETE FROM measurement WHERE step = 5", "step 5 lacks its records"},
      {"DELETE FROM histogram WHERE step = 5", "step 5 lacks its records"},
      {"UPDATE measurement SET sketches = substr(sketches, 2)", "sketches of step 5 are malformed"},
      {"UPDATE measurement SET activations = sketches", "activations of step 5 lacks a column"},
      {"UPDATE measurement SET joins = activations", "joins of step 5 lacks a column"},
      {"UPDATE measurement SET join_layout = 0", "a layout is of another kind"},
      {"UPDATE measurement SET join_layout = 99", "layout 99 is missing"},
      {"UPDATE histogram SET histograms = x'00'", "histograms of step 5 are malformed"},
      {"UPDATE layout SET keys = x'05' WHERE kind = 'times'", "is malformed"},
      {"DELETE FROM param WHERE idx = 2; DELETE FROM step WHERE step = 5",
       "names parameter 2, the graph has 2"},
      {"UPDATE fact SET idx = 7 WHERE part = 'fact'", "facts are out of order"},
      {"DELETE FROM finding WHERE idx = 1", "findings are missing"},
      {"UPDATE finding SET place_id = 7", "finding vanishing_gradient names layer 7"},
      {"PRAGMA user_version = 0", "schema version 0"},
  };
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  for (const auto& [sql, what] : cases) {
    write_run(path, rich_run());
    execute(path, sql);
    EXPECT_THAT(load_error(path), StartsWith(path + ": damaged run file: ")) << sql;
    EXPECT_THAT(load_error(path), HasSubstr(what)) << sql;
  }
}

// Every name of an enumeration, where a newer build of the same schema may know one more.
TEST(LoadRunTest, AnUnknownNameIsDamageThatNamesIt) {
  const char* const columns[][2] = {
      {"layer", "family"},   {"edge", "way"},      {"param", "use"},   {"finding", "severity"},
      {"finding", "place"},  {"finding", "cause"}, {"fact", "part"},   {"fact", "quantity"},
      {"fact", "reference"}, {"remedy", "kind"},   {"layout", "kind"}, {"finding", "place_role"}};
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  for (const auto& [table, column] : columns) {
    write_run(path, rich_run());
    execute(path, std::string("UPDATE OR REPLACE ") + table + " SET " + column + " = 'frobnicate'");
    EXPECT_THAT(load_error(path), StartsWith(path + ": damaged run file: ")) << table;
    EXPECT_THAT(load_error(path), HasSubstr("\"frobnicate\"")) << table << "." << column;
  }
  for (const char* name : {"grad_weight", "grad_h", "log2_rms", "head"}) {
    write_run(path, rich_run());
    execute(path, std::string("UPDATE name SET text = 'frobnicate' WHERE text = '") + name + "'");
    EXPECT_THAT(load_error(path), HasSubstr("has the unknown name \"frobnicate\"")) << name;
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
  EXPECT_THAT(load_error(path), StartsWith(path + ": holds no run yet, nothing was recorded"));
}

TEST(LoadRunTest, AFileWithoutReadPermissionIsNamed) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  write_run(path, plain_run(1, 7));
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(store_error_of_stranger(folder, [&] { load_run(path); }), path + ": Permission denied");
}

TEST(RunDraftTest, TheRunThatIsThereStaysUntilTheNewOneIsWhole) {
  const ScratchFolder folder;
  const std::string name = folder / "run";
  write_run(name, plain_run(3, 7));
  const std::string before = read_file(name);
  {
    const RunDraft draft(name);
    write_run(draft.path(), plain_run(5, 7));
    EXPECT_EQ(read_file(name), before);
  }
  EXPECT_EQ(read_file(name), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "the draft is left";
  RunDraft draft(name);
  write_run(draft.path(), plain_run(5, 7));
  draft.take_name();
  EXPECT_EQ(load_run(name).steps.size(), 5U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(RunDraftTest, ANameThatWasTakenMeanwhileIsLookedAtAgain) {
  const ScratchFolder folder;
  const std::string name = folder / "run";
  RunDraft draft(name);
  EXPECT_FALSE(fs::exists(name));
  write_file(name, "dear diary");
  EXPECT_THAT(store_error([&] { draft.take_name(); }), HasSubstr("not a run file"));
  EXPECT_EQ(read_file(name), "dear diary");
}

TEST(RunDraftTest, ALinkKeepsPointingAtTheRun) {
  const ScratchFolder folder;
  write_run(folder / "run", plain_run(3, 7));
  fs::create_symlink(folder / "run", folder / "link");
  RunDraft draft(folder / "link");
  write_run(draft.path(), plain_run(4, 7));
  draft.take_name();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(load_run(folder / "run").steps.size(), 4U);
}

}  // namespace
}  // namespace plumb
