// SPDX-License-Identifier: Apache-2.0
#include "plumb/proof/protocol.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "plumb/core/names.h"

namespace plumb {

namespace {

constexpr std::string_view kEndings[] = {"cured",        "better",    "any_rate",
                                         "not_proven",   "not_found", "not_sick",
                                         "inconclusive", "predicted", "interrupted"};
static_assert(std::size(kEndings) == static_cast<std::size_t>(CureEnding::interrupted) + 1);

constexpr double kHalfOfTheWay = 0.5;

}  // namespace

std::string_view to_string(CureEnding ending) { return name_of(ending, kEndings); }

bool training_fails(const TrainingSigns& training, double constant) {
  if (std::isnan(training.score)) return true;
  const double headroom = 1 - constant;
  const double way = headroom > 0 ? (training.score - constant) / headroom : 0;
  const bool at_baseline = way < kTenthOfTheWay;
  const bool suspect = training.suspect && way < 1 - kTenthOfTheWay;
  const bool poor = way < kHalfOfTheWay && training.has_finding;
  return at_baseline || suspect || poor;
}

std::optional<CureEnding> reproduction_ending(int failures, int seeds, bool is_second) {
  if (failures == 0) return CureEnding::not_sick;
  if (3 * failures < (is_second ? 1 : 2) * seeds) return CureEnding::inconclusive;
  return std::nullopt;
}

bool is_doubted(double untreated, double constant) {
  return untreated - constant < kHalfOfTheWay * (1 - constant);
}

bool settles_doubt(double untreated, double changed) {
  return changed - untreated >= kHalfOfTheWay * (1 - untreated);
}

ScreenChoice choose_change(double untreated, std::span<const ScreenedChange> candidates) {
  ScreenChoice choice{std::nullopt, untreated + kSameScore};
  for (const ScreenedChange& one : candidates) {
    if (!std::isnan(one.score)) choice.best = std::max(choice.best, one.score);
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const ScreenedChange& one = candidates[i];
    if (std::isnan(one.score) || one.score < choice.best - kSameScore ||
        one.score <= untreated + kSameScore) {
      continue;
    }
    if (!choice.winner || one.size < candidates[*choice.winner].size) choice.winner = i;
  }
  return choice;
}

CureEnding judge_proof(const ProofFacts& facts) {
  const double effect = facts.over_untreated.mean;
  if (!(facts.over_untreated.low > 0)) {
    return effect >= kSameScore ? CureEnding::not_proven : CureEnding::not_found;
  }
  if (facts.over_rate.pairs > 1 && facts.over_rate.mean < kTenthOfTheWay * effect) {
    return CureEnding::any_rate;
  }
  const bool all_the_way = effect >= (1 - kTenthOfTheWay) * facts.way - kSameScore;
  const bool learns = facts.cured - facts.constant >= kTenthOfTheWay * (1 - facts.constant);
  return all_the_way && learns && !facts.leaves_findings ? CureEnding::cured : CureEnding::better;
}

}  // namespace plumb
