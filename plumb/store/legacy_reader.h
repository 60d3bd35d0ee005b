// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/record/run.h"
#include "plumb/store/database.h"

/// Files of schema 1 and 2, whose records name layers by paths. Private to store/.
namespace plumb::store {

/// The whole run, as a graph of facts. Its findings were sentences: it counts as not diagnosed.
/// Errors  StoreError if nothing was recorded yet, or if what is there is damaged.
Run read_legacy_run(const Database& database);

}  // namespace plumb::store
