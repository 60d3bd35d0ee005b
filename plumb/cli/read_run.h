// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

/// Hands a whole run file to the keeper, step by step.
void read_into(RunKeeper& keeper, RunReader& reader);

/// Names on standard error the log that a copied run lacks, if it does.
void tell_of_missing_log(RunReader& reader, const std::string& path);

}  // namespace plumb::cli
