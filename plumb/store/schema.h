// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/store/database.h"

/// The run file as a file: what makes one, how it is recognised, created and opened. Private to
/// store/.
namespace plumb::store {

/// "PLMB", in the header of every run file (PRAGMA application_id).
inline constexpr int kApplicationId = 0x504C4D42;

/// Creates an empty run file at `path`, replacing a run that is there already, and opens it for one
/// writer. The file appears under its name only when it is complete.
/// Errors  StoreError if something that is not a run is at `path`, if the run there is read-only or open in
///         another program, or if the file cannot be created.
Database create_run_file(const std::string& path);

/// Opens an existing run and has looked at it: it is a run, of a schema that this build knows.
/// Errors  StoreError, see load_run.
Database open_run_file(const std::string& path, Access access);

/// Whether the file has the tables `time_series` and `join_gate`: since schema version 2.
bool has_tables_of_version_2(const Database& database);

}  // namespace plumb::store
