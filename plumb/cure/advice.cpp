// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/advice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>
#include <utility>

#include "plumb/core/names.h"
#include "plumb/cure/short_run.h"

namespace plumb {

namespace {

constexpr std::string_view kChecks[] = {"helps",       "no_effect", "not_tried", "trips_rule",
                                        "keeps_fault", "no_op",     "impossible"};
static_assert(std::size(kChecks) == static_cast<std::size_t>(AdviceCheck::impossible) + 1);

/// To look at every rewrite takes a probe each: not where that alone is beyond the budget.
constexpr double kStepsToSearch = 150;

constexpr const char* kNotMeasured = "the rate cannot be measured within the budget";

bool is_rate(const Prescription& one) { return one.rewrite->id == "set_rate"; }

/// Applies the rewrite; what is left is one whose check is not_tried.
CheckedChange changed(const Patient& patient, const Prescription& prescription) {
  CheckedChange change;
  change.prescription = prescription;
  try {
    const Rewritten rewritten = prescription.rewrite->apply(patient, prescription.arguments);
    if (!rewritten.config) {
      change.check = AdviceCheck::impossible;
      change.why = rewritten.why_not;
      return change;
    }
    change.config = *rewritten.config;
    if (is_no_op(patient.config, change.config)) change.check = AdviceCheck::no_op;
  } catch (const std::exception& error) {
    change.check = AdviceCheck::impossible;
    change.why = error.what();
    return change;
  }
  change.changes = setting_changes(patient.config, change.config);
  return change;
}

/// The remedies of one finding, or of several, may mean the same.
bool is_known(const std::vector<CheckedChange>& changes, const CheckedChange& change) {
  return std::any_of(changes.begin(), changes.end(), [&](const CheckedChange& other) {
    return other.changes == change.changes && !other.changes.empty();
  });
}

Severity severity_in(const std::vector<Finding>& findings, const std::string& rule) {
  Severity worst = Severity::note;
  for (const Finding& finding : findings) {
    if (finding.rule == rule) worst = std::max(worst, finding.severity);
  }
  return worst;
}

class Check {
 public:
  Check(const TrainConfig& config, CureData& data, const std::vector<Finding>& findings,
        const AdviceOptions& options)
      : patient_{config, {}}, data_(data), findings_(findings), options_(options) {
    patient_.facts.is_classification = data.given().judged.is_classification();
    patient_.facts.samples = data.given().split.train.size();
  }

  Advice run() {
    untreated_ = predict(patient_.config, data_.of(patient_.config).split);
    if (!untreated_.is_possible()) std::rethrow_exception(untreated_.error);
    advice_.log2_reach = untreated_.log2_reach;
    if (std::isfinite(untreated_.gradient_norm)) {
      patient_.facts.usual_gradient_norm = untreated_.gradient_norm;
    }
    left_s_ = options_.budget_s;
    step_s_ = nominal_step_s(untreated_.info);
    std::vector<CheckedChange> named = check_each(prescriptions_of(findings_));
    const auto check_all = [&] {
      std::vector<CheckedChange> more = check_each(usual_prescriptions(), named);
      std::move(more.begin(), more.end(), std::back_inserter(named));
    };
    if (options_.search_everywhere) check_all();
    const bool may_search_further = options_.search_further && !options_.search_everywhere;
    try_all(named, may_search_further ? left_s_ / 2 : left_s_);
    const bool can_search = left_s_ > kStepsToSearch * step_s_;
    if (may_search_further && can_search && (!advice_.loss || is_helpless())) {
      check_all();
      try_all(named, left_s_);
    }
    judge(named);
    for (CheckedChange& change : named) {
      // What no remedy names is advised for what it did alone.
      const bool is_named =
          change.prescription.finding || change.loss || change.sweep || options_.budget_s <= 0;
      const bool stays =
          is_named && (change.is_advisable() || change.check == AdviceCheck::no_effect);
      (stays ? advice_.changes : advice_.dropped).push_back(std::move(change));
    }
    sort();
    return std::move(advice_);
  }

 private:
  /// The loss that gains are counted from: that of the untreated training, but no more than the
  /// constant answer has. From a loss of 1e5 every change that comes down to guessing would pass
  /// for one that learns.
  double reference() const {
    double loss = *advice_.loss;
    const double constant = advice_.constant_loss.value_or(loss);
    if (constant < loss) loss = constant;
    return loss;
  }
  double gain_of(const CheckedChange& change) const {
    if (std::isinf(*change.loss)) return 0;
    return std::isinf(reference()) ? 1 : reference() - *change.loss;
  }
  /// More than half of what could be learned is left by all that was tried so far.
  bool is_helpless() const {
    return (std::isinf(reference()) || best_gain_ < 0.5 * std::abs(reference()));
  }

  std::vector<CheckedChange> check_each(const std::vector<Prescription>& prescriptions,
                                        const std::vector<CheckedChange>& known = {}) {
    std::vector<CheckedChange> changes;
    bool saw_rate = std::any_of(known.begin(), known.end(), [](const CheckedChange& change) {
      return is_rate(change.prescription);
    });
    for (const Prescription& one : prescriptions) {
      if (options_.allows && !options_.allows(*one.rewrite)) continue;
      if (!goes_on()) break;
      if (is_rate(one)) {
        if (!std::exchange(saw_rate, true)) changes.push_back(measured_rate(one));
        continue;
      }
      CheckedChange change = changed(patient_, one);
      if (is_known(changes, change) || is_known(known, change)) continue;
      if (change.check == AdviceCheck::not_tried) probe(change);
      changes.push_back(std::move(change));
    }
    return changes;
  }

  bool goes_on() const { return !options_.keep_going || options_.keep_going(); }

  void probe(CheckedChange& change) {
    const Prediction prediction = predict(change.config, data_.of(change.config).split);
    if (!prediction.is_possible()) {
      change.check = AdviceCheck::impossible;
      change.why = prediction.problem;
      return;
    }
    change.log2_reach = prediction.log2_reach;
    const std::vector<std::string> rules = new_rules(untreated_, prediction);
    if (!rules.empty()) {
      change.check = AdviceCheck::trips_rule;
      change.why = fmt::format("{}", fmt::join(rules, ", "));
      return;
    }
    // A fault that shows at the start must be gone there, or milder.
    if (!change.prescription.finding) return;
    const std::string& rule =
        findings_[static_cast<std::size_t>(*change.prescription.finding)].rule;
    const Severity before = severity_in(untreated_.findings, rule);
    if (before >= Severity::warning && severity_in(prediction.findings, rule) >= before) {
      change.check = AdviceCheck::keeps_fault;
      change.why = rule;
    }
  }

  /// The finding says so.
  bool is_too_high(const Prescription& one) const {
    if (!one.finding || !one.remedy) return false;
    const Finding& finding = findings_[static_cast<std::size_t>(*one.finding)];
    return finding.remedies[*one.remedy].kind == RemedyKind::lower_rate;
  }

  CheckedChange measured_rate(const Prescription& one) {
    CheckedChange change;
    change.prescription = one;
    change.check = AdviceCheck::impossible;
    change.why = kNotMeasured;
    constexpr double kShare = 0.5;
    // Of a large network the rate alone takes most of it; then nothing else would be tried for long
    // enough to tell anything.
    constexpr double kLargestShare = 0.9;
    RateSweepOptions options{kShare * options_.budget_s, options_.most_steps, is_too_high(one)};
    if (options.budget_s <= 0) return change;
    const Split& data = data_.of(patient_.config).split;
    RateSweep sweep = sweep_rates(patient_.config, data, options);
    if (sweep.trials.empty()) {
      options.budget_s = kLargestShare * options_.budget_s;
      sweep = sweep_rates(patient_.config, data, options);
    }
    if (!sweep.best) {
      if (!sweep.trials.empty()) change.why = "no rate that was tried learns";
      return change;
    }
    left_s_ -= options.budget_s;
    const double rate = *sweep.best;
    const double ratio = std::abs(std::log10(rate / patient_.config.learning_rate));
    Prescription rated = one;
    rated.arguments = {{"rate", rate}};
    change = changed(patient_, rated);
    change.sweep = std::move(sweep);
    change.log2_reach = untreated_.log2_reach;
    constexpr double kOneStepOfTheGrid = 0.26;
    if (ratio < kOneStepOfTheGrid) change.check = AdviceCheck::no_op;
    return change;
  }

  /// Trains each a little that was not yet, where the budget allows as many steps as tell
  /// something.
  void try_all(std::vector<CheckedChange>& changes, double budget_s) {
    const auto is_open = [](const CheckedChange& change) {
      return change.check == AdviceCheck::not_tried && !change.loss;
    };
    const auto count = 1 + std::count_if(changes.begin(), changes.end(), is_open);
    if (count == 1) return;
    if (advice_.steps == 0) {
      const double each = budget_s / (static_cast<double>(count) * step_s_);
      advice_.steps = std::min(options_.most_steps, static_cast<std::int64_t>(each));
      if (advice_.steps < options_.fewest_steps) {
        advice_.steps = 0;
        return;
      }
    }
    const auto step_s = static_cast<double>(advice_.steps) * step_s_;
    if (!advice_.loss) {
      const auto [loss, accuracy] = trained(patient_.config);
      advice_.loss = loss;
      if (!std::isnan(accuracy)) advice_.accuracy = accuracy;
      if (untreated_.info.baseline) advice_.constant_loss = untreated_.info.baseline->loss;
      left_s_ -= step_s;
    }
    for (CheckedChange& change : changes) {
      if (!is_open(change) || left_s_ < 0 || !goes_on()) continue;
      left_s_ -= step_s;
      try {
        const auto [loss, accuracy] = trained(change.config);
        change.loss = loss;
        if (!std::isnan(accuracy)) change.accuracy = accuracy;
        best_gain_ = std::max(best_gain_, gain_of(change));
      } catch (const std::exception& error) {
        change.check = AdviceCheck::impossible;
        change.why = error.what();
      }
    }
  }

  std::pair<double, double> trained(const TrainConfig& config) {
    const CureSplit& data = data_.of(config);
    ShortRun run(config, data.split);
    advice_.steps = std::min(advice_.steps, run.planned_steps());  // of a shorter training all
    run.advance(advice_.steps);
    const Evaluation end = run.evaluate(data.judged);
    return {end.loss, end.accuracy};
  }

  void judge(std::vector<CheckedChange>& changes) const {
    for (CheckedChange& change : changes) {
      if (change.check != AdviceCheck::not_tried || !change.loss) continue;
      const double gain = gain_of(change);
      const bool worthwhile =
          gain > 0 && (std::isinf(reference()) || gain >= kWorthwhile * std::abs(reference()));
      const bool helps = worthwhile && gain >= kHelps * best_gain_;
      change.check = helps ? AdviceCheck::helps : AdviceCheck::no_effect;
    }
  }

  void sort() {
    const auto rank = [](const CheckedChange& change) {
      return change.check == AdviceCheck::helps       ? 0
             : change.check == AdviceCheck::not_tried ? 1
                                                      : 2;
    };
    std::stable_sort(advice_.changes.begin(), advice_.changes.end(),
                     [&](const CheckedChange& a, const CheckedChange& b) {
                       if (rank(a) != rank(b)) return rank(a) < rank(b);
                       return rank(a) == 2 && a.loss && b.loss && *a.loss < *b.loss;
                     });
  }

  Patient patient_;
  CureData& data_;
  const std::vector<Finding>& findings_;
  AdviceOptions options_;
  Prediction untreated_;
  Advice advice_;
  double step_s_ = 0;
  double left_s_ = 0;
  double best_gain_ = 0;
};

}  // namespace

std::string_view to_string(AdviceCheck check) { return name_of(check, kChecks); }

Advice check_advice(const TrainConfig& config, CureData& data, const std::vector<Finding>& findings,
                    const AdviceOptions& options) {
  return Check(config, data, findings, options).run();
}

Advice predict_advice(const TrainConfig& config, const std::vector<Finding>& findings) {
  Advice advice;
  const Patient patient{config, {}};
  for (const Prescription& one : prescriptions_of(findings)) {
    CheckedChange change = changed(patient, one);
    if (is_known(advice.changes, change)) continue;
    (change.is_advisable() ? advice.changes : advice.dropped).push_back(std::move(change));
  }
  return advice;
}

std::vector<Finding> with_checked_remedies(std::vector<Finding> findings, const Advice& advice) {
  for (Finding& finding : findings) {
    std::vector<Remedy> ordered;
    std::vector<bool> placed(finding.remedies.size(), false);
    // A rate that nobody could measure stays, without a number, before what was seen not to help
    // and what the rule named behind it.
    const auto unmeasured = std::find_if(
        advice.dropped.begin(), advice.dropped.end(), [&](const CheckedChange& change) {
          return change.prescription.finding == finding.id && change.prescription.remedy &&
                 is_rate(change.prescription) && change.why == kNotMeasured;
        });
    const auto place_unmeasured = [&] {
      if (unmeasured == advice.dropped.end()) return;
      const std::size_t remedy = *unmeasured->prescription.remedy;
      if (!placed[remedy]) ordered.push_back(finding.remedies[remedy]);
      placed[remedy] = true;
    };
    for (const CheckedChange& change : advice.changes) {
      const Prescription& from = change.prescription;
      if (from.finding != finding.id || !from.remedy || placed[*from.remedy]) continue;
      const bool named_before =
          unmeasured != advice.dropped.end() && *unmeasured->prescription.remedy < *from.remedy;
      // What was only predicted comes no sooner than the rule named it.
      if (change.check == AdviceCheck::no_effect ||
          (change.check == AdviceCheck::not_tried && named_before)) {
        place_unmeasured();
      }
      placed[*from.remedy] = true;
      Remedy remedy = finding.remedies[*from.remedy];
      remedy.predicted_log2_reach = change.log2_reach;
      if (change.sweep && change.sweep->best) {
        remedy.arguments = {{"rate", *change.sweep->best}};
      }
      ordered.push_back(std::move(remedy));
    }
    place_unmeasured();
    for (const CheckedChange& change : advice.dropped) {
      const Prescription& from = change.prescription;
      if (from.finding == finding.id && from.remedy) placed[*from.remedy] = true;
    }
    for (std::size_t i = 0; i < finding.remedies.size(); ++i) {
      if (!placed[i]) ordered.push_back(finding.remedies[i]);
    }
    if (!ordered.empty()) finding.remedies = std::move(ordered);
  }
  return findings;
}

}  // namespace plumb
