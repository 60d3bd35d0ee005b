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

/// Creates an empty run file at `path`, replacing a run that is there already, and opens it for one
/// writer. The file appears under its name only when it is complete.
/// Its journal is a write-ahead log where the file system lets several programs share memory, and
/// a rollback journal elsewhere.
/// Errors  StoreError if something that is not a run is at `path`, if the run there is read-only or
///         open in another program, or if the file cannot be created.
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
