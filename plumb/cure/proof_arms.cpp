// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/proof_arms.h"

#include <optional>

#include "plumb/core/rng.h"

namespace plumb {

namespace {

std::vector<const CheckedChange*> random_pool(const CureReport& report) {
  std::vector<const CheckedChange*> pool;
  const CheckedChange& won = report.candidates[*report.winner].change;
  for (const auto* const list : {&report.search.changes, &report.search.dropped}) {
    for (const CheckedChange& change : *list) {
      if (change.is_possible() && change.prescription.rewrite != won.prescription.rewrite) {
        pool.push_back(&change);
      }
    }
  }
  return pool;
}

std::optional<double> best_rate_alone(const CureReport& report, CureData& data,
                                      const ProofOptions& options) {
  for (const auto* const list : {&report.search.changes, &report.search.dropped}) {
    for (const CheckedChange& change : *list) {
      if (change.sweep) return change.sweep->best;
    }
  }
  const TrainConfig& config = report.patient;
  return sweep_rates(config, data.of(config).split, {options.search.budget_s / 2, 300}).best;
}

}  // namespace

void prove(CureReport& report, CureData& data, const ProofOptions& options, ArmTrainer& trainer) {
  trainer.say("proving it with fresh seeds");
  const auto seeds = seeds_from(report.patient.seed + kFirstProofSeed, options.seeds);
  const CheckedChange& won = report.candidates[*report.winner].change;
  report.proof_untreated = {"proof untreated", report.patient, {}};
  report.proof_cured = {"proof cured", won.config, {}};
  std::vector<Arm*> arms{&report.proof_untreated, &report.proof_cured};
  const std::vector<const CheckedChange*> pool = random_pool(report);
  std::vector<TrainConfig> random;
  if (!pool.empty()) {
    const Rng rng(report.patient.seed, "cure/random");
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      const CheckedChange& drawn = *pool[static_cast<std::size_t>(rng.below(i, pool.size()))];
      random.push_back(drawn.config);
      report.random_names.emplace_back(drawn.prescription.rewrite->id);
    }
    report.proof_random = {"proof random", report.patient, {}};
    arms.push_back(&report.proof_random);
  }
  if (won.prescription.rewrite->group != CureGroup::rate) {
    TrainConfig rated = report.patient;
    if (const std::optional<double> rate = best_rate_alone(report, data, options)) {
      rated.learning_rate = *rate;
    }
    report.proof_rate = {"proof rate alone", rated, {}};
    arms.push_back(&report.proof_rate);
  }
  trainer.train(arms, seeds, [&](const Arm& arm, std::size_t i) {
    return &arm == &report.proof_random ? random[i] : arm.config;
  });
  report.trainings = trainer.trainings();
  const auto against = [&](const Arm& arm) {
    return paired_difference(report.proof_cured.scores(), arm.scores());
  };
  report.over_untreated = against(report.proof_untreated);
  report.over_random = against(report.proof_random);
  report.over_rate = against(report.proof_rate);
}

}  // namespace plumb
