// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "plumb/store/database.h"
#include "plumb/store/file_system.h"

/// The run file as a file: what makes one, how it is recognised, created and opened. Private to
/// store/.
namespace plumb::store {

/// "PLMB", in the header of every run file (PRAGMA application_id).
inline constexpr int kApplicationId = 0x504C4D42;

/// Whether there is a file at the path, seen from outside. The file itself is opened by SQLite
/// alone: closing a descriptor of our own would drop the locks that a RunWriter of this process
/// holds on it.
/// Errors  StoreError where what is there cannot be a run, or there is no path; `consequence` ends it.
bool is_file(const std::string& path, const char* consequence = "");

/// Errors  StoreError where the database is none of ours.
void expect_run(const Database& database);

/// Makes an empty run of an empty file.
void write_schema(const std::string& path);

/// Creates an empty run file at `path`, as RunDraft does, and opens it for one writer.
/// Its journal is a write-ahead log where the file system lets several programs share memory, and
/// a rollback journal elsewhere.
/// Errors  StoreError, see RunDraft.
Database create_run_file(const std::string& path,
                         const FileSystemType& file_system = file_system_type);

/// Opens an existing run and has looked at it: it is a run, of a schema that this build knows.
/// Errors  StoreError, see load_run.
Database open_run_file(const std::string& path, Access access);

/// The path of the write-ahead log that an open run was written with, if there is none: either it
/// was folded in when the run was closed, or it was left behind when the run was copied.
std::optional<std::string> missing_log(const Database& database);

/// Of an open run; kSchemaVersion or an older one.
std::int64_t schema_version(const Database& database);

/// Version 3 lacks tables and columns that version 4 brought, and is the same otherwise. What is
/// older than that is read by legacy_reader.
inline constexpr std::int64_t kOldestSameSchema = 3;

}  // namespace plumb::store
