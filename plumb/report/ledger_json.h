// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/record/run.h"

namespace plumb {

/// The books of one measured step for programs: every number in log2 with all its digits, where the
/// report rounds. docs/ledger.md, "For programs".
///
///   {"step", "log2_loss_gradient", "total", "ends_at", "ends_because", "ends_in_zero",
///    "entries": [ENTRY], "time": [TIME]}
///   ENTRY  {"path", "kind", "log2_grad_out", "log2_grad_in", "attenuation",
///           "parts": {CAUSE: log2}, "ways": [{"way", "main", "log2_rms", "share",
///           "entries": [ENTRY]}]}
///   TIME   {"path", "reverse", "last", "log2_last", "total", "kept", "ends_at", "ends_in_zero", "steps": [{"t", "log2_grad_out", "log2_grad_in", "log2_kept",
///           "parts": {CAUSE: log2}}]}
///
/// Members are those of Ledger and TimeLedger. A cause that is absent has no part; a number that is
/// not finite is null.
std::string ledger_json(const RunInfo& info, const StepRecord& step);

}  // namespace plumb
