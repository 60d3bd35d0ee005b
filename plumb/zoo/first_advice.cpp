// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/first_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "plumb/cure/advice.h"
#include "plumb/cure/rate_sweep.h"
#include "plumb/cure/tasks.h"
#include "plumb/train/run_training.h"
#include "plumb/zoo/patient.h"
#include "plumb/zoo/trial.h"

namespace plumb::zoo {

namespace {

double gained(Trainer& trainer, const Dataset& part) {
  const double baseline = constant_loss(part);
  const double loss = trainer.evaluate(part).loss;
  return std::isfinite(loss) ? (baseline - loss) / baseline
                             : -std::numeric_limits<double>::infinity();
}

const Dataset& part_of(Measure measure, const Split& data) {
  return measure == Measure::training_loss ? data.train : data.validation;
}

std::optional<double> best_rate(const TrainConfig& config, const Split& data) {
  constexpr double kLowest = 1e-6, kHighest = 10;
  constexpr std::int64_t kSteps = 300;
  std::optional<double> best;
  double least = std::numeric_limits<double>::infinity();
  for (const RateTrial& trial : full_rate_grid(config, data, kLowest, kHighest, kSteps)) {
    if (!(trial.loss < least)) continue;
    least = trial.loss;
    best = trial.rate;
  }
  return best;
}

AdviceTrial trial_of(const Kind& kind, std::uint64_t seed) {
  AdviceTrial trial;
  trial.kind = &kind;
  trial.seed = seed;
  Patient patient(kind, seed);
  Specimen& specimen = patient.specimen();
  std::vector<Finding> findings;
  {
    Trainer trainer(specimen.config, specimen.data);
    const RunInfo info = trainer.info();
    Diagnosis diagnosis(info);
    while (!trainer.done()) diagnosis.add(trainer.step());
    findings = diagnosis.findings();
    trial.gained = gained(trainer, part_of(specimen.measure, specimen.data));
  }
  for (const Finding& finding : findings) {
    if (trial.rule.empty() && finding.severity >= Severity::warning) trial.rule = finding.rule;
  }
  const Trial twin = run_trial(kind, seed, true);
  trial.gained_by_twin = twin.gained();
  trial.gained_by_advice = trial.gained;
  CureData data(specimen.config, std::move(specimen.data));
  const Advice advice = check_advice(specimen.config, data, findings);
  const CheckedChange* const first = advice.first();
  if (first == nullptr) return trial;
  trial.rewrite = first->prescription.rewrite->id;
  trial.command = train_command(first->config);
  trial.changes_nothing = first->changes.empty();
  const CureSplit& split = data.of(first->config);
  if (first->changes.size() == 1 && first->changes.front().key == "lr") {
    trial.advised_rate = first->config.learning_rate;
    trial.best_rate = best_rate(first->config, split.split);
  }
  Trainer followed(first->config, split.split);
  while (!followed.done()) followed.step();
  trial.gained_by_advice = gained(followed, part_of(specimen.measure, split.split));
  return trial;
}

}  // namespace

bool AdviceTrial::is_rate_right() const {
  return advised_rate && best_rate &&
         std::abs(std::log(*advised_rate / *best_rate)) <= std::log(kRateFactor) + 1e-9;
}

AdviceTrial run_advice_trial(const Kind& kind, std::uint64_t seed) {
  try {
    return trial_of(kind, seed);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("zoo: {}, seed {}: {}", kind.name, seed, error.what()));
  }
}

std::vector<AdviceTrial> run_advice_trials(
    std::span<const Kind* const> kinds, std::int64_t seeds, int jobs,
    const std::function<void(std::size_t done, std::size_t all)>& progress) {
  const std::size_t each = static_cast<std::size_t>(seeds);
  std::vector<AdviceTrial> trials(kinds.size() * each);
  std::atomic<std::size_t> done{0};
  run_tasks(trials.size(), jobs, [&](std::size_t i) {
    trials[i] = run_advice_trial(*kinds[i / each], i % each);
    if (progress) progress(++done, trials.size());
  });
  return trials;
}

std::string advice_text(std::span<const AdviceTrial> trials, bool details) {
  std::string text;
  std::size_t cured = 0, none = 0, no_ops = 0, rates = 0, rates_right = 0;
  for (const AdviceTrial& trial : trials) {
    none += trial.rewrite.empty() ? 1 : 0;
    no_ops += trial.changes_nothing ? 1 : 0;
    rates += trial.advised_rate ? 1 : 0;
    rates_right += trial.is_rate_right() ? 1 : 0;
  }
  for (std::size_t first = 0; first < trials.size();) {
    const Kind* const kind = trials[first].kind;
    std::map<std::string, int> advised;
    std::size_t end = first, cured_here = 0;
    for (; end < trials.size() && trials[end].kind == kind; ++end) {
      cured_here += trials[end].is_cured() ? 1 : 0;
      ++advised[trials[end].rewrite.empty() ? "none" : trials[end].rewrite];
    }
    text += fmt::format("{:<26}{} of {} cured; advised", kind->name, cured_here, end - first);
    for (const auto& [rewrite, count] : advised) text += fmt::format(" {} {}x", rewrite, count);
    text += "\n";
    for (std::size_t i = first; details && i < end; ++i) {
      const AdviceTrial& one = trials[i];
      text += fmt::format("  {} seed {}: {}, gained {:.2f}, twin {:.2f}, advised {:.2f}: {}\n",
                          one.is_cured() ? "ok " : "NOT", one.seed,
                          one.rule.empty() ? "nothing found" : one.rule, one.gained,
                          one.gained_by_twin, one.gained_by_advice, one.command);
      if (one.advised_rate) {
        text += fmt::format("      rate {:.2g}, the best of the grid {:.2g}\n", *one.advised_rate,
                            one.best_rate.value_or(0));
      }
    }
    cured += cured_here;
    first = end;
  }
  return text +
         fmt::format(
             "{} of {} cured by the first advice ({:.1f} %); none was given for {}, {} change "
             "nothing; {} of {}\nadvised rates are within a factor of {} of the best\n",
             cured, trials.size(),
             trials.empty()
                 ? 0.0
                 : 100.0 * static_cast<double>(cured) / static_cast<double>(trials.size()),
             none, no_ops, rates_right, rates, kRateFactor);
}

}  // namespace plumb::zoo
