// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "plumb/record/run.h"
#include "plumb/store/database.h"

/// Findings in their tables. Private to store/.
namespace plumb::store {

/// Replaces what is stored, within the caller's transaction. The run is diagnosed from then on.
void replace_findings(Database& database, std::span<const Finding> findings);

/// None if the run was not diagnosed. Errors: StoreError if they are damaged.
std::optional<std::vector<Finding>> read_findings(const Database& database, const RunInfo& info);

}  // namespace plumb::store
