// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/cure/cure.h"

namespace plumb {

/// A proof with fewer pairs has no interval worth its name.
inline constexpr int kFewestProofSeeds = 3;

/// The fewest trainings that can end in a proof: the reproduction, one candidate, and four arms.
int smallest_budget(const CureOptions& options);
/// Errors  SpecError for a budget in trainings below the smallest.
void check_budget(const CureOptions& options);

/// The work of the search, in seconds of a usual core (nominal_step_s): AdviceOptions::budget_s, or
/// an eighth of what the budget (of 60 trainings at most) costs where that is more: too few steps
/// of each change tell nothing. Of a budget of time at most a fifth.
double search_budget_s(const CureOptions& options, const RunInfo& info, std::int64_t steps);

struct TimeLeft {
  double elapsed_s = 0;
  double training_s = 0;  ///< of the clock, `jobs` of them side by side
  int trainings = 0;      ///< made so far
  int screen_seeds = 0;   ///< of a candidate
};
struct SettledBudget {
  int trainings = 0;  ///< all together
  int proof_seeds = 0;
};
/// What still fits into CureOptions::budget_s: as many trainings, and the seeds of the proof that
/// is asked for or as many as fit.
/// Errors  SpecError where not even kFewestProofSeeds do.
SettledBudget settle_budget(const CureOptions& options, const TimeLeft& left);

}  // namespace plumb
