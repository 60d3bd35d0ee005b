// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/record/run_info.h"
#include "plumb/store/database.h"
#include "plumb/store/graph_check.h"

/// What a run is, in its tables. Private to store/.
namespace plumb::store {

/// Replaces what is stored, within the caller's transaction.
void replace_info(Database& database, const RunInfo& info);

/// Errors  StoreError if nothing was recorded yet, or if what is there is damaged.
RunInfo read_info(const Database& database);
/// Its tables info and setting alone, which are the same in all schemas.
void read_run(const Database& database, RunInfo& info);

/// How large the stored graph is.
GraphSize read_graph_size(const Database& database);

std::optional<RunEnd> read_end(const Database& database);

}  // namespace plumb::store
