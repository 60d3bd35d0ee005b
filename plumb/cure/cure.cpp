// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/cure/arm_trainer.h"
#include "plumb/cure/cure_budget.h"
#include "plumb/cure/pair_search.h"
#include "plumb/cure/proof_arms.h"
#include "plumb/cure/reproduction.h"
#include "plumb/train/trainer.h"

namespace plumb {

namespace {

constexpr double kHalfOfTheWay = 0.5;
/// Pairs that are trained in full where no change alone does, and second changes of the winner.
constexpr int kMostPairs = 4;
constexpr std::size_t kMostPartners = 2;

bool contains(const std::vector<CureGroup>& groups, CureGroup group) {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

using Clock = std::chrono::steady_clock;

class Cure {
 public:
  Cure(const TrainConfig& patient, CureData& data, const CureOptions& options)
      : data_(data), options_(options), trainer_(data, options_) {
    const Trainer possible(patient, data.of(patient).split);  // or it throws what is wrong with it
    options_.search.budget_s = search_budget_s(options, possible.info(), possible.planned_steps());
    if (options.budget_s) options_.budget = std::numeric_limits<int>::max();
    if (!options.dry_run) check_budget(options_);
    report_.patient = patient;
    report_.info = possible.info();
    report_.is_known = options.known.has_value();
    report_.constant_score = constant_score(data.of(patient));
  }

  CureReport run() {
    report_.untreated = {"untreated", report_.patient, {}};
    if (options_.dry_run) {
      if (!looks_sick()) return ended(CureEnding::not_sick);
    } else if (const std::optional<CureEnding> end = reproduce()) {
      return ended(*end);
    }
    say("looking at what could help");
    search();
    if (!goes_on()) return ended(CureEnding::interrupted);
    if (options_.dry_run) return ended(CureEnding::predicted);
    settle_time();
    screen();
    if (goes_on()) choose();
    if (goes_on() && leaves(kHalfOfTheWay)) add_searched_pairs();
    if (!goes_on()) return ended(CureEnding::interrupted);
    choose();
    if (!report_.winner) return ended(CureEnding::not_found);
    add_rate();
    if (goes_on() && leaves(kTenthOfTheWay)) add_pairs();
    if (!goes_on()) return ended(CureEnding::interrupted);
    choose();
    prove(report_, data_, {options_.search, proof_seeds()}, trainer_);
    if (!goes_on()) return ended(CureEnding::interrupted);
    return ended(judged());
  }

 private:
  double elapsed_s() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  /// The trainings that a budget of time still allows, and the seeds of the proof with it.
  void settle_time() {
    if (!options_.budget_s || options_.dry_run) return;
    const TimeLeft left{elapsed_s(), training_s_, report_.trainings, screen_count()};
    const SettledBudget settled = settle_budget(options_, left);
    options_.budget = settled.trainings;
    options_.proof_seeds = settled.proof_seeds;
  }

  bool goes_on() const { return trainer_.goes_on(); }
  void say(std::string doing) { trainer_.say(std::move(doing)); }
  CureReport ended(CureEnding ending) {
    report_.ending = ending;
    return std::move(report_);
  }
  std::vector<std::uint64_t> screen_seeds() const {
    return screen_seeds_of(report_.untreated, report_.constant_score);
  }
  int screen_count() const { return static_cast<int>(report_.untreated.trainings.size()); }
  int trainings_left() const { return options_.budget - report_.trainings; }
  int proof_cost() const { return kProofArms * options_.proof_seeds; }

  bool allows(const RewriteEntry& rewrite) const {
    return !contains(options_.keep, rewrite.group) &&
           (options_.only.empty() || contains(options_.only, rewrite.group));
  }

  void train(const std::vector<Arm*>& arms, const std::vector<std::uint64_t>& seeds) {
    trainer_.train(arms, seeds);
    report_.trainings = trainer_.trainings();
  }

  bool looks_sick() {
    if (options_.known) {
      ArmTraining known;
      known.findings = options_.known->findings;
      known.outcome = options_.known->outcome;
      return known.is_suspect();
    }
    const Prediction start = predict(report_.patient, data_.of(report_.patient).split);
    return std::any_of(start.findings.begin(), start.findings.end(), [](const Finding& finding) {
      return finding.severity >= Severity::warning;
    });
  }

  int failures() const { return failures_of(report_.untreated, report_.constant_score); }

  /// How it ends where the failure does not show again; nothing where it does.
  std::optional<CureEnding> reproduce() {
    say("reproducing the failure");
    const int count = options_.screen_seeds;
    train({&report_.untreated}, seeds_from(report_.patient.seed, count));
    training_s_ = elapsed_s() / count;
    if (!goes_on()) return CureEnding::interrupted;
    const std::optional<CureEnding> ending = reproduction_ending(failures(), count);
    if (ending != CureEnding::inconclusive) return ending;
    // Twice the seeds cost as many trainings here, and as many of the one candidate.
    if (trainings_left() < 3 * count + proof_cost()) return CureEnding::inconclusive;
    say("trying more seeds, for it fails with some alone");
    train({&report_.untreated}, seeds_from(report_.patient.seed + count, count));
    if (!goes_on()) return CureEnding::interrupted;
    return reproduction_ending(failures(), 2 * count, /*is_second=*/true);
  }

  /// Of a training that failed, with all that they tell.
  std::vector<Finding> first_findings() {
    if (options_.known && options_.dry_run) return options_.known->findings;
    const CureSplit& data = data_.of(report_.patient);
    if (options_.dry_run) return predict(report_.patient, data.split).findings;
    const ArmTraining& failed =
        report_.untreated.trainings[first_failure_of(report_.untreated, report_.constant_score)];
    const bool is_whole = options_.log == nullptr && !options_.elsewhere;
    if (is_whole || failed.seed == report_.patient.seed) return failed.findings;
    return train_arm(report_.patient, failed.seed, data, nullptr, options_.keep_going).findings;
  }

  void search() {
    report_.findings = first_findings();
    report_.search = check_advice(report_.patient, data_, report_.findings, search_options());
  }

  AdviceOptions search_options() const {
    AdviceOptions search = options_.search;
    search.search_everywhere = true;
    search.allows = [this](const RewriteEntry& rewrite) { return allows(rewrite); };
    search.keep_going = options_.keep_going;
    if (options_.dry_run) search.budget_s = 0;
    return search;
  }

  /// What the search speaks for; behind it, for what the budget has left, what a probe spoke
  /// against or nothing could be told of: the named ones first.
  std::vector<CheckedChange> changes_to_screen() const {
    std::vector<CheckedChange> changes = report_.search.changes;
    for (const bool named : {true, false}) {
      for (const CheckedChange& change : report_.search.dropped) {
        if (change.is_possible() && change.prescription.finding.has_value() == named) {
          changes.push_back(change);
        }
      }
    }
    return changes;
  }

  void screen() {
    const std::vector<std::uint64_t> seeds = screen_seeds();
    // Of more than one, the winner is tried with a second change as well.
    const auto cost = [&](int count) {
      const int others = screen_count() - 1;
      return count + (count + 1) / 2 * others + (count > 1 ? screen_count() : 0);
    };
    int affordable = options_.screened;
    while (affordable > 0 && cost(affordable) > trainings_left() - proof_cost()) --affordable;
    const auto most = static_cast<std::size_t>(affordable);
    for (const CheckedChange& change : changes_to_screen()) {
      if (report_.candidates.size() == most) break;
      report_.candidates.push_back({change, {}, {}});
      CureCandidate& candidate = report_.candidates.back();
      candidate.screen = {fmt::format("candidate {} {}", report_.candidates.size(),
                                      change.prescription.rewrite->id),
                          change.config,
                          {}};
    }
    say(fmt::format("screening {} candidates", report_.candidates.size()));
    std::vector<Arm*> arms;
    for (CureCandidate& candidate : report_.candidates) arms.push_back(&candidate.screen);
    train(arms, {seeds.front()});
    if (!goes_on() || seeds.size() == 1) return;
    std::stable_sort(arms.begin(), arms.end(),
                     [](const Arm* a, const Arm* b) { return a->mean_score() > b->mean_score(); });
    arms.resize((arms.size() + 1) / 2);
    train(arms, {std::next(seeds.begin()), seeds.end()});
  }

  /// The best over the screen's seeds; of equals the smaller change, then the first.
  void choose() {
    std::vector<ScreenedChange> screened;
    for (const CureCandidate& one : report_.candidates) {
      int size = one.change.prescription.rewrite->size;
      for (const RewriteEntry* const more : one.more) size += more->size;
      const double score = one.is_screened(screen_count())
                               ? one.screen.mean_score()
                               : std::numeric_limits<double>::quiet_NaN();
      screened.push_back({score, size});
    }
    const ScreenChoice choice = choose_change(report_.untreated.mean_score(), screened);
    report_.winner = choice.winner;
    report_.best_screened = choice.best;
  }

  /// As many as are asked for, or, where the winner's lead in the screen is small for its spread,
  /// as many as would prove that lead, of what the budget has left.
  int proof_seeds() const {
    const Arm& won = report_.candidates[*report_.winner].screen;
    std::vector<double> cured, untreated;
    for (const ArmTraining& one : won.trainings) {
      for (const ArmTraining& other : report_.untreated.trainings) {
        if (one.seed != other.seed) continue;
        cured.push_back(one.score);
        untreated.push_back(other.score);
      }
    }
    const PairedDifference lead = paired_difference(cured, untreated);
    if (lead.pairs < 2) return options_.proof_seeds;
    const int needed = pairs_needed(lead, kMostProofSeeds).value_or(kMostProofSeeds);
    const int affordable = std::min(kMostProofSeeds, trainings_left() / kProofArms);
    return std::clamp(needed, options_.proof_seeds, std::max(options_.proof_seeds, affordable));
  }

  /// The best so far has less than all but this share of what can be had.
  bool leaves(double share) const {
    if (!report_.winner) return true;
    const double score = report_.candidates[*report_.winner].screen.mean_score();
    return 1 - score > share * (1 - report_.constant_score);
  }

  bool affords_another() const { return trainings_left() - proof_cost() >= screen_count(); }

  /// `first` with one more change on top of it, `config` with all.
  CureCandidate with_more(const CureCandidate& first, const RewriteEntry& more,
                          TrainConfig config) {
    CureCandidate both = first;
    both.more.push_back(&more);
    both.change.config = std::move(config);
    both.change.changes = setting_changes(report_.patient, both.change.config);
    if (more.group != CureGroup::rate) both.change.log2_reach.reset();  // that was of the first
    both.screen = {fmt::format("{} and {}", first.screen.name, more.id), both.change.config, {}};
    return both;
  }

  void try_more(CureCandidate candidate) {
    train({&candidate.screen}, screen_seeds());
    if (goes_on()) report_.candidates.push_back(std::move(candidate));
  }

  /// What does something only together with another change: the best few with one seed, the best
  /// of these with the others.
  void add_searched_pairs() {
    const std::vector<std::uint64_t> seeds = screen_seeds();
    int count = kMostPairs;
    while (count > 0 && count + screen_count() - 1 > trainings_left() - proof_cost()) --count;
    if (count == 0) return;
    say("looking at two changes at a time");
    std::vector<ChangePair> pairs =
        search_pairs(report_.patient, data_, report_.search, search_options());
    if (!goes_on() || pairs.empty()) return;
    if (std::ssize(pairs) > count) pairs.resize(static_cast<std::size_t>(count));
    std::vector<CureCandidate> tried;
    for (const ChangePair& pair : pairs) {
      CureCandidate first{*pair.first, {}, {}};
      first.screen.name =
          fmt::format("candidate {} {}", report_.candidates.size() + tried.size() + 1,
                      pair.first->prescription.rewrite->id);
      tried.push_back(with_more(first, *pair.second, pair.config));
    }
    std::vector<Arm*> arms;
    for (CureCandidate& one : tried) arms.push_back(&one.screen);
    train(arms, {seeds.front()});
    if (goes_on()) {
      Arm* const best = *std::max_element(arms.begin(), arms.end(), [](const Arm* a, const Arm* b) {
        return a->mean_score() < b->mean_score();
      });
      train({best}, {std::next(seeds.begin()), seeds.end()});
    }
    if (!goes_on()) return;
    std::move(tried.begin(), tried.end(), std::back_inserter(report_.candidates));
  }

  /// The winner once more, with a rate measured for it.
  void add_rate() {
    const RewriteEntry& set_rate = *find_rewrite("set_rate");
    const CureCandidate winner = report_.candidates[*report_.winner];
    if (!allows(set_rate) || winner.change.prescription.rewrite->group == CureGroup::rate ||
        !affords_another()) {
      return;
    }
    say("measuring a rate for it");
    TrainConfig config = winner.change.config;
    const RateSweep sweep =
        sweep_rates(config, data_.of(config).split, {options_.search.budget_s / 2, 300});
    constexpr double kOneStepOfTheGrid = 0.26;
    if (!sweep.best ||
        std::abs(std::log10(*sweep.best / config.learning_rate)) < kOneStepOfTheGrid) {
      return;
    }
    config.learning_rate = *sweep.best;
    CureCandidate rated = with_more(winner, set_rate, std::move(config));
    rated.change.sweep = sweep;
    try_more(std::move(rated));
  }

  /// The winner with others.
  void add_pairs() {
    const CureCandidate winner = report_.candidates[*report_.winner];
    std::vector<Prescription> partners;
    std::vector<const CureCandidate*> others;
    for (const CureCandidate& one : report_.candidates) {
      if (one.more.empty()) others.push_back(&one);
    }
    // Of those that do nothing alone the scores are noise: then what the findings name is first.
    const double nothing = report_.untreated.mean_score() + kSameScore;
    const auto score = [&](const CureCandidate* one) {
      return std::max(nothing, one->screen.trainings.front().score);
    };
    const auto is_named = [](const CureCandidate* one) {
      return one->change.prescription.finding.has_value();
    };
    std::stable_sort(others.begin(), others.end(),
                     [&](const CureCandidate* a, const CureCandidate* b) {
                       return std::pair{score(a), is_named(a)} > std::pair{score(b), is_named(b)};
                     });
    for (const CureCandidate* const one : others) partners.push_back(one->change.prescription);
    if (const RewriteEntry& adam = *find_rewrite("adam"); allows(adam)) {
      partners.insert(partners.begin() + std::min<std::ptrdiff_t>(1, std::ssize(partners)),
                      Prescription{&adam, {}, {}, {}});
    }
    std::vector<CureGroup> done{winner.change.prescription.rewrite->group};
    for (const RewriteEntry* const more : winner.more) done.push_back(more->group);
    const std::size_t most = done.size() + kMostPartners;
    for (const Prescription& one : partners) {
      if (done.size() == most || !affords_another() || !goes_on()) return;
      // A rate was measured for the untreated training; the winner has had its own.
      if (contains(done, one.rewrite->group) || one.rewrite->id == "set_rate") continue;
      std::optional<TrainConfig> both = with_second(winner.change.config, data_, one);
      if (!both) continue;
      if (done.size() + kMostPartners == most) say("trying it with a second change");
      done.push_back(one.rewrite->group);
      try_more(with_more(winner, *one.rewrite, *std::move(both)));
    }
  }

  CureEnding judged() {
    int sick = 0;
    for (const ArmTraining& training : report_.proof_cured.trainings) sick += training.is_sick();
    report_.left_findings = 2 * sick > static_cast<int>(report_.proof_cured.trainings.size());
    return judge_proof({.over_untreated = report_.over_untreated,
                        .over_rate = report_.over_rate,
                        .cured = report_.proof_cured.mean_score(),
                        .constant = report_.constant_score,
                        .way = report_.best_screened - report_.untreated.mean_score(),
                        .leaves_findings = report_.left_findings});
  }

  CureData& data_;
  CureOptions options_;
  ArmTrainer trainer_;
  Clock::time_point begin_ = Clock::now();
  double training_s_ = 0;  ///< what a training takes of the clock, `jobs` of them side by side
  CureReport report_;
};

}  // namespace

CureReport cure(const TrainConfig& patient, CureData& data, const CureOptions& options) {
  return Cure(patient, data, options).run();
}

}  // namespace plumb
