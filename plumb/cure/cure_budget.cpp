// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "plumb/core/error.h"
#include "plumb/cure/proof_arms.h"
#include "plumb/cure/short_run.h"

namespace plumb {

namespace {

constexpr double kTimeToSearch = 0.2;
constexpr double kTrainingsToSearch = 0.125;
constexpr int kUsualBudget = 60;

std::string least_words(const CureOptions& options, int proof_seeds) {
  return fmt::format("{} untreated, {} of one candidate, {} arms of {} seeds for the proof",
                     options.screen_seeds, options.screen_seeds, kProofArms, proof_seeds);
}

}  // namespace

int smallest_budget(const CureOptions& options) {
  return 2 * options.screen_seeds + kProofArms * options.proof_seeds;
}

void check_budget(const CureOptions& options) {
  if (options.budget >= smallest_budget(options)) return;
  throw SpecError(fmt::format("budget: {} trainings, expected at least {}: {}", options.budget,
                              smallest_budget(options), least_words(options, options.proof_seeds)));
}

double search_budget_s(const CureOptions& options, const RunInfo& info, std::int64_t steps) {
  const double given = options.search.budget_s;
  if (given <= 0) return given;
  if (options.budget_s) return std::min(given, kTimeToSearch * *options.budget_s);
  const double training_s = nominal_step_s(info) * static_cast<double>(steps);
  return std::max(given, kTrainingsToSearch * std::min(options.budget, kUsualBudget) * training_s);
}

SettledBudget settle_budget(const CureOptions& options, const TimeLeft& left) {
  const double room = (*options.budget_s - left.elapsed_s) / left.training_s;
  const int fit = static_cast<int>(std::clamp(room, 0.0, 1e6));
  int seeds = options.proof_seeds;
  const auto least = [&] { return left.screen_seeds + kProofArms * seeds; };
  while (seeds > kFewestProofSeeds && least() > fit) --seeds;
  if (least() <= fit) return {left.trainings + fit, seeds};
  throw SpecError(fmt::format(
      "budget: {:.2g} minutes, in which {} trainings of {:.2g} s fit after the search, expected at "
      "least {}, in {:.2g} minutes: {}",
      *options.budget_s / 60, fit, left.training_s, least(),
      (left.elapsed_s + 1.1 * least() * left.training_s) / 60, least_words(options, seeds)));
}

}  // namespace plumb
