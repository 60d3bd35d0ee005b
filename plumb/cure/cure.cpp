// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "plumb/core/names.h"
#include "plumb/core/rng.h"
#include "plumb/cure/tasks.h"

namespace plumb {

namespace {

constexpr std::string_view kEndings[] = {"cured",    "better",       "any_rate",  "not_found",
                                         "not_sick", "inconclusive", "predicted", "interrupted"};
static_assert(std::size(kEndings) == static_cast<std::size_t>(CureEnding::interrupted) + 1);

constexpr std::uint64_t kFirstProofSeed = 1000;
/// Of the way from the constant answer to what can be had.
constexpr double kTenth = 0.1;
/// Scores closer than this are the same for the choice between candidates: the smaller change wins.
constexpr double kSameScore = 0.02;

std::vector<std::uint64_t> seeds_from(std::uint64_t first, int count) {
  std::vector<std::uint64_t> seeds;
  for (int i = 0; i < count; ++i) seeds.push_back(first + static_cast<std::uint64_t>(i));
  return seeds;
}

bool contains(const std::vector<CureGroup>& groups, CureGroup group) {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

class Cure {
 public:
  Cure(const TrainConfig& patient, CureData& data, const CureOptions& options)
      : data_(data), options_(options) {
    report_.patient = patient;
    report_.constant_score = constant_score(data.of(patient));
  }

  CureReport run() {
    report_.untreated = {"untreated", report_.patient, {}};
    if (!options_.dry_run) {
      say("reproducing the failure");
      train({&report_.untreated}, screen_seeds());
      if (!goes_on()) return ended(CureEnding::interrupted);
    }
    say("looking at what could help");
    search();
    if (options_.dry_run) return ended(CureEnding::predicted);
    const int failures = count_failures();
    const int seeds = static_cast<int>(report_.untreated.trainings.size());
    if (failures == 0) return ended(CureEnding::not_sick);
    if (3 * failures < 2 * seeds) return ended(CureEnding::inconclusive);
    screen();
    if (!goes_on()) return ended(CureEnding::interrupted);
    choose();
    if (!report_.winner) return ended(CureEnding::not_found);
    add_rate();
    choose();
    prove();
    return ended(goes_on() ? judged() : CureEnding::interrupted);
  }

 private:
  bool goes_on() const { return !options_.keep_going || options_.keep_going(); }
  void say(const std::string& doing) const {
    if (options_.progress) options_.progress(doing);
  }
  CureReport ended(CureEnding ending) {
    report_.ending = ending;
    return std::move(report_);
  }
  std::vector<std::uint64_t> screen_seeds() const {
    return seeds_from(report_.patient.seed, options_.screen_seeds);
  }
  int trainings_left() const { return options_.budget - report_.trainings; }
  int proof_cost() const { return 4 * options_.proof_seeds; }

  bool allows(const RewriteEntry& rewrite) const {
    return !contains(options_.keep, rewrite.group) &&
           (options_.only.empty() || contains(options_.only, rewrite.group));
  }

  /// Every arm with every seed, side by side. An arm whose seeds differ in what is trained gives
  /// `config_of`.
  void train(const std::vector<Arm*>& arms, const std::vector<std::uint64_t>& seeds,
             const std::function<TrainConfig(const Arm& arm, std::size_t seed)>& config_of = {}) {
    for (Arm* const arm : arms) arm->trainings.assign(seeds.size(), {});
    run_tasks(arms.size() * seeds.size(), options_.jobs, [&](std::size_t task) {
      Arm& arm = *arms[task / seeds.size()];
      const std::size_t i = task % seeds.size();
      const TrainConfig config = config_of ? config_of(arm, i) : arm.config;
      const auto sink = options_.sink ? options_.sink(arm.name, seeds[i]) : nullptr;
      arm.trainings[i] =
          train_arm(config, seeds[i], data_.of(config), sink.get(), options_.keep_going);
    });
    report_.trainings += static_cast<int>(arms.size() * seeds.size());
  }

  void search() {
    std::vector<Finding> findings;
    if (report_.untreated.trainings.empty()) {
      findings = predict(report_.patient, data_.of(report_.patient).split).findings;
    } else {
      findings = report_.untreated.trainings.front().findings;
    }
    AdviceOptions search = options_.search;
    search.look_everywhere = true;
    search.allows = [this](const RewriteEntry& rewrite) { return allows(rewrite); };
    if (options_.dry_run) search.budget_s = 0;
    report_.search = check_advice(report_.patient, data_, findings, search);
  }

  /// What could be had, as far as the short trainings tell: a training that lacks most of what the
  /// best of them learns has room.
  int count_failures() const {
    int failures = 0;
    for (const ArmTraining& training : report_.untreated.trainings) {
      const double room = 1 - report_.constant_score;
      const double way = room > 0 ? (training.score - report_.constant_score) / room : 0;
      const bool at_baseline = way < kTenth;
      failures += at_baseline || (training.is_suspect() && way < 1 - kTenth) ? 1 : 0;
    }
    return failures;
  }

  void screen() {
    const int affordable = (trainings_left() - proof_cost() - options_.screen_seeds) /
                           std::max(1, options_.screen_seeds);
    const auto most = static_cast<std::size_t>(std::clamp(affordable, 0, options_.screened));
    for (const CheckedChange& change : report_.search.changes) {
      if (report_.candidates.size() == most) break;
      if (change.check == AdviceCheck::no_effect && report_.candidates.size() >= 2) continue;
      report_.candidates.push_back({change, false, {}});
      CureCandidate& candidate = report_.candidates.back();
      candidate.screen = {fmt::format("candidate {} {}", report_.candidates.size(),
                                      change.prescription.rewrite->id),
                          change.config,
                          {}};
    }
    say(fmt::format("screening {} candidates", report_.candidates.size()));
    std::vector<Arm*> arms;
    for (CureCandidate& candidate : report_.candidates) arms.push_back(&candidate.screen);
    train(arms, screen_seeds());
  }

  /// The best over the screen's seeds; of equals the smaller change, then the first.
  void choose() {
    report_.winner.reset();
    double best = report_.untreated.mean_score() + kSameScore;
    for (const CureCandidate& one : report_.candidates)
      best = std::max(best, one.screen.mean_score());
    best_score_ = best;
    int smallest = 0;
    for (std::size_t i = 0; i < report_.candidates.size(); ++i) {
      const CureCandidate& one = report_.candidates[i];
      if (one.screen.mean_score() < best - kSameScore ||
          one.screen.mean_score() <= report_.untreated.mean_score() + kSameScore) {
        continue;
      }
      const int size = one.change.prescription.rewrite->size + (one.with_rate ? 1 : 0);
      if (!report_.winner || size < smallest) {
        report_.winner = i;
        smallest = size;
      }
    }
  }

  /// The winner once more, with a rate measured for it.
  void add_rate() {
    const bool is_allowed = allows(*find_rewrite("set_rate"));
    const CureCandidate& winner = report_.candidates[*report_.winner];
    if (!is_allowed || winner.change.prescription.rewrite->group == CureGroup::rate ||
        trainings_left() - proof_cost() < options_.screen_seeds) {
      return;
    }
    say("measuring a rate for it");
    const TrainConfig& before = winner.change.config;
    const RateSweep sweep =
        sweep_rates(before, data_.of(before).split, {options_.search.budget_s / 2, 300});
    constexpr double kOneStepOfTheGrid = 0.26;
    if (!sweep.best ||
        std::abs(std::log10(*sweep.best / before.learning_rate)) < kOneStepOfTheGrid) {
      return;
    }
    CureCandidate rated{winner.change, true, {}};
    rated.change.config.learning_rate = *sweep.best;
    rated.change.changes = setting_changes(report_.patient, rated.change.config);
    rated.change.sweep = sweep;
    rated.screen = {winner.screen.name + " with a rate", rated.change.config, {}};
    train({&rated.screen}, screen_seeds());
    report_.candidates.push_back(std::move(rated));
  }

  /// What a random rewrite could be: all that apply, change something and fit the data.
  std::vector<const CheckedChange*> random_pool() const {
    std::vector<const CheckedChange*> pool;
    const CheckedChange& won = report_.candidates[*report_.winner].change;
    const auto add = [&](const CheckedChange& change) {
      const bool possible = change.check != AdviceCheck::impossible &&
                            change.check != AdviceCheck::no_op && !change.changes.empty();
      if (possible && change.prescription.rewrite != won.prescription.rewrite) {
        pool.push_back(&change);
      }
    };
    for (const CheckedChange& change : report_.search.changes) add(change);
    for (const CheckedChange& change : report_.search.dropped) add(change);
    return pool;
  }

  void prove() {
    say("proving it with fresh seeds");
    const auto seeds = seeds_from(report_.patient.seed + kFirstProofSeed, options_.proof_seeds);
    report_.proof_untreated = {"proof untreated", report_.patient, {}};
    report_.proof_cured = {"proof cured", report_.candidates[*report_.winner].change.config, {}};
    std::vector<Arm*> arms{&report_.proof_untreated, &report_.proof_cured};
    const std::vector<const CheckedChange*> pool = random_pool();
    std::vector<TrainConfig> random;
    if (!pool.empty()) {
      const Rng rng(report_.patient.seed, "cure/random");
      for (std::size_t i = 0; i < seeds.size(); ++i) {
        const CheckedChange& drawn = *pool[static_cast<std::size_t>(rng.below(i, pool.size()))];
        random.push_back(drawn.config);
        report_.random_names.emplace_back(drawn.prescription.rewrite->id);
      }
      report_.proof_random = {"proof random", report_.patient, {}};
      arms.push_back(&report_.proof_random);
    }
    const bool is_rate =
        report_.candidates[*report_.winner].change.prescription.rewrite->group == CureGroup::rate;
    if (!is_rate) {
      TrainConfig rated = report_.patient;
      const RateSweep sweep =
          sweep_rates(rated, data_.of(rated).split, {options_.search.budget_s / 2, 300});
      if (sweep.best) rated.learning_rate = *sweep.best;
      report_.proof_rate = {"proof rate alone", rated, {}};
      arms.push_back(&report_.proof_rate);
    }
    train(arms, seeds, [&](const Arm& arm, std::size_t i) {
      return &arm == &report_.proof_random ? random[i] : arm.config;
    });
    const auto against = [&](const Arm& arm) {
      return paired_difference(report_.proof_cured.scores(), arm.scores());
    };
    report_.over_untreated = against(report_.proof_untreated);
    report_.over_random = against(report_.proof_random);
    report_.over_rate = against(report_.proof_rate);
  }

  CureEnding judged() {
    const PairedDifference& effect = report_.over_untreated;
    if (!(effect.low > 0)) return CureEnding::not_found;
    int sick = 0;
    for (const ArmTraining& training : report_.proof_cured.trainings) sick += training.is_sick();
    report_.left_findings = 2 * sick > static_cast<int>(report_.proof_cured.trainings.size());
    if (report_.over_rate.pairs > 1 && report_.over_rate.mean < kTenth * effect.mean) {
      return CureEnding::any_rate;
    }
    const double way = best_score_ - report_.untreated.mean_score();
    const bool all_the_way = effect.mean >= (1 - kTenth) * way - kSameScore;
    const double room = 1 - report_.constant_score;
    const bool learns = report_.proof_cured.mean_score() - report_.constant_score >= kTenth * room;
    return all_the_way && learns && !report_.left_findings ? CureEnding::cured : CureEnding::better;
  }

  CureData& data_;
  const CureOptions& options_;
  CureReport report_;
  double best_score_ = 0;
};

}  // namespace

std::string_view to_string(CureEnding ending) { return name_of(ending, kEndings); }

CureReport cure(const TrainConfig& patient, CureData& data, const CureOptions& options) {
  return Cure(patient, data, options).run();
}

}  // namespace plumb
