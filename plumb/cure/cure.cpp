// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include "plumb/core/rng.h"
#include "plumb/cure/tasks.h"
#include "plumb/train/trainer.h"

namespace plumb {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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
    const Trainer possible(patient, data.of(patient).split);  // or it throws what is wrong with it
    report_.patient = patient;
    report_.constant_score = constant_score(data.of(patient));
  }

  CureReport run() {
    report_.untreated = {"untreated", report_.patient, {}};
    if (!options_.dry_run) {
      say("reproducing the failure");
      train({&report_.untreated}, screen_seeds());
      if (!goes_on()) return ended(CureEnding::interrupted);
      const auto ending = reproduction_ending(count_failures(), options_.screen_seeds);
      if (ending) return ended(*ending);
    }
    say("looking at what could help");
    search();
    if (!goes_on()) return ended(CureEnding::interrupted);
    if (options_.dry_run) return ended(CureEnding::predicted);
    screen();
    if (!goes_on()) return ended(CureEnding::interrupted);
    choose();
    if (!report_.winner) return ended(CureEnding::not_found);
    add_rate();
    if (goes_on()) add_pairs();
    if (!goes_on()) return ended(CureEnding::interrupted);
    choose();
    prove();
    return ended(goes_on() ? judged() : CureEnding::interrupted);
  }

 private:
  bool goes_on() const { return !options_.keep_going || options_.keep_going(); }
  void say(std::string doing) {
    doing_ = std::move(doing);
    if (options_.progress) options_.progress({doing_, 0, 0});
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

  /// Every arm with every seed, side by side, seed by seed, so that what was stopped has pairs. An
  /// arm whose seeds differ in what is trained gives `config_of`.
  void train(const std::vector<Arm*>& arms, const std::vector<std::uint64_t>& seeds,
             const std::function<TrainConfig(const Arm& arm, std::size_t seed)>& config_of = {}) {
    const std::size_t before = arms.empty() ? 0 : arms.front()->trainings.size();
    for (Arm* const arm : arms) arm->trainings.resize(before + seeds.size());
    const std::size_t all = arms.size() * seeds.size();
    std::atomic<std::size_t> done{0};
    run_tasks(all, options_.jobs, [&](std::size_t task) {
      Arm& arm = *arms[task % arms.size()];
      const std::size_t i = task / arms.size();
      ArmTraining& training = arm.trainings[before + i];
      training = trained(arm, config_of ? config_of(arm, i) : arm.config, seeds[i]);
      if (options_.progress) options_.progress({doing_, ++done, all});
    });
    report_.trainings += static_cast<int>(all);
  }

  ArmTraining trained(const Arm& arm, const TrainConfig& config, std::uint64_t seed) {
    const CureSplit& data = data_.of(config);
    const bool is_first = &arm == &report_.untreated && seed == report_.patient.seed;
    const std::string key =
        options_.log != nullptr ? training_key(config, seed, data) : std::string();
    if (options_.log != nullptr && !is_first) {
      if (auto known = options_.log->find(key)) return *std::move(known);
    }
    if (!goes_on()) return not_finished(seed);
    const auto sink = options_.sink ? options_.sink(arm.name, seed) : nullptr;
    ArmTraining training = train_arm(config, seed, data, sink.get(), options_.keep_going);
    if (options_.log != nullptr && training.finished) options_.log->add(key, arm.name, training);
    return training;
  }

  static ArmTraining not_finished(std::uint64_t seed) {
    ArmTraining training;
    training.seed = seed;
    training.score = kNaN;
    return training;
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
    search.keep_going = options_.keep_going;
    if (options_.dry_run) search.budget_s = 0;
    report_.search = check_advice(report_.patient, data_, findings, search);
  }

  int count_failures() const {
    int failures = 0;
    for (const ArmTraining& training : report_.untreated.trainings) {
      const TrainingSigns signs{training.score, training.is_suspect(), !training.findings.empty()};
      failures += training_fails(signs, report_.constant_score) ? 1 : 0;
    }
    return failures;
  }

  void screen() {
    const int seeds = options_.screen_seeds;
    const int affordable = 2 * (trainings_left() - proof_cost() - seeds) / (seeds + 1);
    const auto most = static_cast<std::size_t>(std::clamp(affordable, 0, options_.screened));
    for (const CheckedChange& change : report_.search.changes) {
      if (report_.candidates.size() == most) break;
      report_.candidates.push_back({change, nullptr, {}});
      CureCandidate& candidate = report_.candidates.back();
      candidate.screen = {fmt::format("candidate {} {}", report_.candidates.size(),
                                      change.prescription.rewrite->id),
                          change.config,
                          {}};
    }
    say(fmt::format("screening {} candidates", report_.candidates.size()));
    std::vector<Arm*> arms;
    for (CureCandidate& candidate : report_.candidates) arms.push_back(&candidate.screen);
    train(arms, {report_.patient.seed});
    if (!goes_on() || seeds == 1) return;
    std::stable_sort(arms.begin(), arms.end(),
                     [](const Arm* a, const Arm* b) { return a->mean_score() > b->mean_score(); });
    arms.resize((arms.size() + 1) / 2);
    train(arms, seeds_from(report_.patient.seed + 1, seeds - 1));
  }

  /// The best over the screen's seeds; of equals the smaller change, then the first.
  void choose() {
    std::vector<ScreenedChange> screened;
    for (const CureCandidate& one : report_.candidates) {
      const int second = one.second == nullptr ? 0 : one.second->size;
      screened.push_back({one.is_screened(options_.screen_seeds) ? one.screen.mean_score() : kNaN,
                          one.change.prescription.rewrite->size + second});
    }
    const ScreenChoice choice = choose_change(report_.untreated.mean_score(), screened);
    report_.winner = choice.winner;
    best_score_ = choice.best;
  }

  bool affords_another() const { return trainings_left() - proof_cost() >= options_.screen_seeds; }

  /// The winner with a second change on top of it, `config` with both.
  void try_pair(const CureCandidate& first, const RewriteEntry& second, TrainConfig config,
                std::optional<RateSweep> sweep) {
    CureCandidate pair{first.change, &second, {}};
    pair.change.config = std::move(config);
    pair.change.changes = setting_changes(report_.patient, pair.change.config);
    pair.change.sweep = std::move(sweep);
    if (second.group != CureGroup::rate) pair.change.log2_reach.reset();  // that was of the first
    pair.screen = {fmt::format("{} and {}", first.screen.name, second.id), pair.change.config, {}};
    train({&pair.screen}, screen_seeds());
    if (goes_on()) report_.candidates.push_back(std::move(pair));
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
    try_pair(winner, set_rate, std::move(config), sweep);
  }

  /// The winner with others, where it alone leaves much.
  void add_pairs() {
    const CureCandidate winner = report_.candidates[*report_.winner];
    const double room = 1 - report_.constant_score;
    if (1 - winner.screen.mean_score() < kTenthOfTheWay * room) return;
    std::vector<Prescription> partners;
    std::vector<const CureCandidate*> others;
    for (const CureCandidate& one : report_.candidates) {
      if (one.second == nullptr) others.push_back(&one);
    }
    std::stable_sort(others.begin(), others.end(),
                     [](const CureCandidate* a, const CureCandidate* b) {
                       return a->screen.trainings.front().score > b->screen.trainings.front().score;
                     });
    for (const CureCandidate* const one : others) partners.push_back(one->change.prescription);
    if (const RewriteEntry& adam = *find_rewrite("adam"); allows(adam)) {
      partners.insert(partners.begin() + std::min<std::ptrdiff_t>(1, std::ssize(partners)),
                      Prescription{&adam, {}, {}, {}});
    }
    Patient patient{winner.change.config, {}};
    patient.facts.is_classification = data_.given().judged.is_classification();
    patient.facts.samples = data_.given().split.train.size();
    std::vector<CureGroup> done{winner.change.prescription.rewrite->group};
    constexpr std::size_t kMostPartners = 2;
    for (const Prescription& one : partners) {
      if (done.size() > kMostPartners || !affords_another() || !goes_on()) return;
      if (contains(done, one.rewrite->group)) continue;
      const std::optional<TrainConfig> both = pair_of(patient, one);
      if (!both) continue;
      if (done.size() == 1) say("trying it with a second change");
      done.push_back(one.rewrite->group);
      try_pair(winner, *one.rewrite, *both, {});
    }
  }

  /// Nothing where the second does not apply behind the first, changes nothing or does not fit.
  std::optional<TrainConfig> pair_of(const Patient& patient, const Prescription& second) {
    if (second.rewrite->id == "set_rate") return std::nullopt;
    try {
      const Rewritten rewritten = second.rewrite->apply(patient, second.arguments);
      if (!rewritten.config || is_no_op(patient.config, *rewritten.config)) return std::nullopt;
      const TrainConfig& config = *rewritten.config;
      if (!predict(config, data_.of(config).split).is_possible()) return std::nullopt;
      return config;
    } catch (const std::exception&) {
      return std::nullopt;
    }
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

  /// As the search measured it, where it did.
  std::optional<double> best_rate_alone() {
    for (const auto* const list : {&report_.search.changes, &report_.search.dropped}) {
      for (const CheckedChange& change : *list) {
        if (change.sweep) return change.sweep->best;
      }
    }
    const TrainConfig& config = report_.patient;
    return sweep_rates(config, data_.of(config).split, {options_.search.budget_s / 2, 300}).best;
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
      if (const std::optional<double> rate = best_rate_alone()) rated.learning_rate = *rate;
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
    int sick = 0;
    for (const ArmTraining& training : report_.proof_cured.trainings) sick += training.is_sick();
    report_.left_findings = 2 * sick > static_cast<int>(report_.proof_cured.trainings.size());
    return judge_proof({.over_untreated = report_.over_untreated,
                        .over_rate = report_.over_rate,
                        .cured = report_.proof_cured.mean_score(),
                        .constant = report_.constant_score,
                        .way = best_score_ - report_.untreated.mean_score(),
                        .leaves_findings = report_.left_findings});
  }

  CureData& data_;
  const CureOptions& options_;
  CureReport report_;
  double best_score_ = 0;
  std::string doing_;
};

}  // namespace

CureReport cure(const TrainConfig& patient, CureData& data, const CureOptions& options) {
  return Cure(patient, data, options).run();
}

}  // namespace plumb
