// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

/// Hands a whole run file to the keeper, step by step.
void read_into(RunKeeper& keeper, RunReader& reader);

}  // namespace plumb::cli
