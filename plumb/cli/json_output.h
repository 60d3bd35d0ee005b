// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/report/report_json.h"

namespace plumb::cli {

/// The diagnosis for programs: {"healthy", "outcome", "verdict", "network", "steps", "loss",
/// "accuracy", "end", "findings": [report/finding_json.h], "theory": null or {"step",
/// "log10_rms": [{"path", "z", "grad_z", "grad_weight": {"measured", "theory"}}]}} (grad_z has
/// "theory_mean" too; docs/theory.md). Numbers that are not finite are null. With `books`, a
/// measured step, there is "ledger" too: report/ledger_json.h.
std::string diagnosis_json(const DiagnosedRun& run, const StepRecord* books = nullptr);

}  // namespace plumb::cli
