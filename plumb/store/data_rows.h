// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/record/run_info.h"
#include "plumb/store/database.h"

/// What a run knows of its data, of the best constant answer and of its optimiser, in tables that
/// version 4 of the schema brought. Private to store/.
namespace plumb::store {

/// Replaces what is stored, within the caller's transaction.
void replace_data(Database& database, const RunInfo& info);

/// Leaves all of it absent where the file is older than that.
void read_data(const Database& database, RunInfo& info);

}  // namespace plumb::store
