// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/schema.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/store/run_draft.h"
#include "plumb/store/run_file.h"

namespace plumb::store {

namespace {

// Columns without a type hold doubles. Any numeric type would give them an affinity, and with one
// SQLite stores -0.0 as the integer 0. docs/formats.md describes every column.
constexpr const char* kTables = R"(
CREATE TABLE info(
  kind TEXT, network TEXT, data TEXT, loss TEXT, optimiser TEXT, precision TEXT, seed INTEGER,
  batch INTEGER, classes INTEGER, planned_steps INTEGER, threads INTEGER, plumb_version TEXT,
  machine TEXT, started_at TEXT);
CREATE TABLE setting(idx INTEGER PRIMARY KEY, key TEXT, value TEXT);
CREATE TABLE data(samples INTEGER, validation_samples INTEGER, between_batches);
CREATE TABLE data_column(
  part TEXT, idx INTEGER, name TEXT, mean, deviation, smallest, largest,
  PRIMARY KEY(part, idx)) WITHOUT ROWID;
CREATE TABLE class_size(idx INTEGER PRIMARY KEY, samples INTEGER);
CREATE TABLE baseline(loss, loss_deviation, accuracy);
CREATE TABLE optimiser(
  kind TEXT, momentum, nesterov INTEGER, beta2, eps, weight_decay, is_decay_decoupled INTEGER,
  clip_norm, clip_value, learning_rate, schedule TEXT, warmup_steps INTEGER);
CREATE TABLE layer(
  idx INTEGER PRIMARY KEY, path TEXT, kind TEXT, family TEXT, text TEXT, block INTEGER,
  depth INTEGER, units INTEGER, fan_in INTEGER, fan_out INTEGER, function TEXT,
  first_step INTEGER);
CREATE TABLE edge(
  layer INTEGER, idx INTEGER, source INTEGER, output INTEGER, way TEXT, main INTEGER,
  PRIMARY KEY(layer, idx)) WITHOUT ROWID;
CREATE TABLE traits(
  layer INTEGER PRIMARY KEY, max_derivative, low_slope, high_slope, saturates INTEGER,
  can_die INTEGER, odd INTEGER, usual_log2_derivative, critical_gain, gain_source TEXT);
CREATE TABLE cell(
  layer INTEGER PRIMARY KEY, state_activation TEXT, truncated_steps INTEGER,
  orthogonal_start INTEGER, identity_start INTEGER, gain, forget_bias, memory_steps INTEGER);
CREATE TABLE running(layer INTEGER PRIMARY KEY, momentum);
CREATE TABLE block(idx INTEGER PRIMARY KEY, path TEXT, kind TEXT, parent INTEGER);
CREATE TABLE param(
  idx INTEGER PRIMARY KEY, path TEXT, name TEXT, use TEXT, reverse INTEGER, count INTEGER,
  frozen INTEGER, shard INTEGER, shards INTEGER, first_step INTEGER);
CREATE TABLE param_user(
  param INTEGER, idx INTEGER, layer INTEGER, PRIMARY KEY(param, idx)) WITHOUT ROWID;
CREATE TABLE output(idx INTEGER PRIMARY KEY, layer INTEGER);
CREATE TABLE step(
  step INTEGER PRIMARY KEY, epoch INTEGER, time_s, loss, accuracy, learning_rate, grad_norm,
  clip_factor, weight_decay_norm, validation_loss, validation_accuracy, passes INTEGER,
  skipped INTEGER, measured INTEGER, thinned INTEGER, inference_loss, inference_accuracy);
CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT);
CREATE TABLE layout(id INTEGER PRIMARY KEY, kind TEXT, keys BLOB);
CREATE TABLE measurement(
  step INTEGER PRIMARY KEY, sketch_layout INTEGER, sketches BLOB, activation_layout INTEGER,
  activations BLOB, join_layout INTEGER, joins BLOB, symmetry_layout INTEGER, symmetries BLOB,
  time_layout INTEGER, times BLOB, inner_layout INTEGER, inner BLOB, block_layout INTEGER,
  blocks BLOB, signal_layout INTEGER, signals BLOB);
CREATE TABLE histogram(step INTEGER PRIMARY KEY, histograms BLOB);
CREATE TABLE diagnosis(findings INTEGER);
CREATE TABLE finding(
  idx INTEGER PRIMARY KEY, id INTEGER, rule TEXT, severity TEXT, place TEXT, place_id INTEGER,
  place_role TEXT, place_reverse INTEGER, first_step INTEGER, last_step INTEGER, over INTEGER,
  cause TEXT, cause_place TEXT, cause_id INTEGER, cause_role TEXT, cause_reverse INTEGER,
  cause_share, explained_by INTEGER, did_harm INTEGER);
CREATE TABLE fact(
  finding INTEGER, part TEXT, idx INTEGER, quantity TEXT, value, threshold, place TEXT,
  place_id INTEGER, place_role TEXT, place_reverse INTEGER, reference TEXT, reference_id INTEGER,
  reference_role TEXT, reference_reverse INTEGER, PRIMARY KEY(finding, part, idx)) WITHOUT ROWID;
CREATE TABLE remedy(
  finding INTEGER, idx INTEGER, kind TEXT, place TEXT, place_id INTEGER, place_role TEXT,
  place_reverse INTEGER, predicted_log2_reach, PRIMARY KEY(finding, idx)) WITHOUT ROWID;
CREATE TABLE remedy_argument(
  finding INTEGER, remedy INTEGER, idx INTEGER, name TEXT, value,
  PRIMARY KEY(finding, remedy, idx)) WITHOUT ROWID;
CREATE TABLE run_end(reason TEXT, steps INTEGER, time_s);
)";

std::int64_t pragma(const Database& database, const char* sql) {
  Statement statement(database, sql);
  return statement.next() ? statement.integer(0) : 0;
}

bool has_content(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

bool has_log(const std::string& path) { return has_content(path + "-wal"); }

// A program that was killed while it replaced a run leaves a rollback journal, which SQLite plays
// back when the file is next opened, if it may write. What goes wrong here is told by the reading
// that follows.
void play_back_journal(const std::string& path) {
  if (!has_content(path + "-journal") || ::access(path.c_str(), W_OK) != 0) return;
  Database(path, Access::write).attempt("SELECT count(*) FROM sqlite_schema");
}

Database open_for_reading(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) throw StoreError(path + ": " + std::strerror(errno));
  play_back_journal(path);
  try {
    Database database(path, Access::read);
    expect_run(database);
    return database;
  } catch (const StoreError&) {
    // A file in WAL mode needs its -shm file, which a reader who may not write to the directory
    // cannot make. Without a log nobody is writing, and the file alone is the whole run.
    const std::string directory = std::filesystem::absolute(path).parent_path().string();
    if (::access(directory.c_str(), W_OK) == 0) throw;
    if (has_log(path)) {
      if (::access((path + "-shm").c_str(), R_OK) == 0) throw;
      throw StoreError(
          path +
          ": was not closed, and its log cannot be read without write permission to the "
          "directory: copy the file and its -wal file to a directory of your own");
    }
  }
  Database database = Database::open_immutable(path);
  expect_run(database);
  return database;
}

}  // namespace

bool is_file(const std::string& path, const char* consequence) {
  if (path.empty()) throw StoreError("no path given, expected the path of a run file");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return false;
    throw StoreError(path + ": " + std::strerror(errno));
  }
  const char* what = S_ISDIR(status.st_mode)    ? "is a directory"
                     : !S_ISREG(status.st_mode) ? "is not a regular file"
                     : status.st_size == 0      ? "is empty"
                                                : nullptr;
  if (what != nullptr) {
    throw StoreError(fmt::format("{}: {}, expected a run file{}", path, what, consequence));
  }
  return true;
}

void expect_run(const Database& database) {
  if (pragma(database, "PRAGMA application_id") != kApplicationId) {
    throw StoreError(database.path() + ": not a run file: an SQLite database of something else");
  }
}

void write_schema(const std::string& path) {
  Database database(path, Access::write);
  database.execute("PRAGMA journal_mode = MEMORY");
  database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  database.execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str());
  Transaction transaction(database, Access::write);
  database.execute(kTables);
  transaction.commit();
}

Database create_run_file(const std::string& path, const FileSystemType& file_system) {
  RunDraft draft(path);
  draft.take_name();
  Database database(path, Access::write);
  if (shares_memory(file_system(draft.target()))) {
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("PRAGMA synchronous = NORMAL");
  } else {
    // Without the log a loss of power in the middle of a commit is safe with all syncs only.
    database.execute("PRAGMA journal_mode = TRUNCATE");
    database.execute("PRAGMA synchronous = FULL");
  }
  return database;
}

Database open_run_file(const std::string& path, Access access) {
  if (!is_file(path)) throw StoreError(path + ": no such file");
  Database database =
      access == Access::read ? open_for_reading(path) : Database(path, Access::write);
  expect_run(database);
  const std::int64_t version = schema_version(database);
  if (version > kSchemaVersion) {
    throw StoreError(
        fmt::format("{}: was written with schema version {}, this build reads up to {}", path,
                    version, kSchemaVersion));
  }
  if (version < 1) {
    throw StoreError(fmt::format("{}: damaged run file: schema version {}", path, version));
  }
  return database;
}

std::optional<std::string> missing_log(const Database& database) {
  if (has_log(database.path())) return std::nullopt;  // an empty one is made by reading
  Statement mode(database, "PRAGMA journal_mode");
  const bool had_one = mode.next() && mode.text(0) == "wal";
  return had_one ? std::optional(database.path() + "-wal") : std::nullopt;
}

std::int64_t schema_version(const Database& database) {
  return pragma(database, "PRAGMA user_version");
}

}  // namespace plumb::store

namespace plumb {

// The header of an SQLite database: its magic, and at byte 68 the application id, big-endian.
// Source  https://www.sqlite.org/fileformat.html, section 1.3.
bool is_run_file(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kIdAt = 68;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::array<char, kIdAt + 4> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(head.data(), head.size())) return false;
  const std::string_view bytes(head.data(), head.size());
  std::uint32_t id = 0;
  for (const char byte : bytes.substr(kIdAt)) id = id << 8 | static_cast<unsigned char>(byte);
  return bytes.starts_with(kMagic) && id == static_cast<std::uint32_t>(store::kApplicationId);
}

}  // namespace plumb
