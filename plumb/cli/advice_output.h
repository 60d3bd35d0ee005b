// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "plumb/cure/advice.h"
#include "plumb/report/run_keeper.h"

namespace plumb::cli {

/// Checks the remedies of a diagnosed training against its network and data, and puts those that
/// stood the check in their place; nothing where no finding is a warning or worse.
/// `data` was loaded as `config` says.
std::optional<Advice> advise(RunKeeper& keeper, const TrainConfig& config, Split data,
                             const AdviceOptions& options = {});

/// The same for a run file: loads its data again. Where that cannot be done (an attached run, a
/// file that is gone) the advice is predicted, and `because` says why.
std::optional<Advice> advise_run(RunKeeper& keeper, bool check, std::string& because);

/// Writes advice_lines() to standard output, wrapped, commands whole.
void print_advice(const std::optional<Advice>& advice, const std::string& because = {});

/// One of such lines.
void print_wrapped(const std::string& line);

}  // namespace plumb::cli
