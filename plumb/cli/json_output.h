// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/cure/advice.h"
#include "plumb/cure/cure.h"
#include "plumb/report/report_json.h"

namespace plumb::cli {

/// The diagnosis for programs: {"healthy", "outcome", "verdict", "network", "steps", "loss",
/// "accuracy", "end", "findings": [report/finding_json.h], "theory": null or {"step",
/// "log10_rms": [{"path", "z", "grad_z", "grad_weight": {"measured", "theory"}}]}} (grad_z has
/// "theory_mean" too; docs/theory.md). Numbers that are not finite are null. With `books`, a
/// measured step, there is "ledger" too: report/ledger_json.h. With `advice` there is "advice":
/// {"steps", "loss", "accuracy", "log2_reach", "changes": [{"rewrite", "check", "why", "finding",
/// "log2_reach", "loss", "accuracy", "settings": {KEY: [BEFORE, AFTER]}, "command"}], "dropped":
/// likewise} (docs/cure.md).
std::string diagnosis_json(const DiagnosedRun& run, const StepRecord* books = nullptr,
                           const Advice* advice = nullptr);

/// A cure for programs: {"ending", "constant_score", "trainings", "untreated": ARM, "candidates":
/// [as "changes" above, with "more" (rewrites on top of it) and "arm": ARM], "winner": null or a
/// place among them, "proof": null or {"untreated", "cured", "random", "rate": ARM, "random_names",
/// "over_untreated", "over_random", "over_rate": {"pairs", "mean", "low", "high", "p"}}, "search":
/// as "advice" above}. An ARM is {"command", "trainings": [{"seed", "score", "loss", "diverged",
/// "finished", "log2_reach", "rules"}]}; docs/cure.md.
std::string cure_json(const CureReport& report);

}  // namespace plumb::cli
