// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/train/trainer.h"
#include "plumb/zoo/judge.h"
#include "plumb/zoo/trial.h"

namespace plumb::zoo {

namespace {

bool is_same(const Tensor& a, const Tensor& b) {
  if (!a || !b) return !a && !b;
  return a.shape() == b.shape() && std::ranges::equal(a.as<float>(), b.as<float>());
}

bool differs(const Specimen& a, const Specimen& b) {
  return to_settings(a.config) != to_settings(b.config) || bool(a.surgery) != bool(b.surgery) ||
         !is_same(a.data.train.x, b.data.train.x) || !is_same(a.data.train.y, b.data.train.y);
}

/// What a part of the baseline's loss is once the targets were scaled: each data set has its own.
double gained_of(Specimen specimen) {
  specimen.config.record = "off";
  specimen.config.threads = 1;
  Trainer trainer(specimen.config, specimen.data);
  if (specimen.surgery) specimen.surgery(trainer.network());
  while (!trainer.done()) trainer.step();
  const Dataset& part =
      specimen.measure == Measure::training_loss ? specimen.data.train : specimen.data.validation;
  const double baseline = constant_loss(part);
  const double loss = trainer.evaluate(part).loss;
  return std::isfinite(loss) ? (baseline - loss) / baseline
                             : -std::numeric_limits<double>::infinity();
}

}  // namespace

bool AdviceTrial::is_cured() const { return cured_gained >= kCuredWay * twin_gained; }

bool AdviceTrial::is_rate_right() const {
  return advised_rate && best_rate &&
         std::abs(std::log(*advised_rate / *best_rate)) <= std::log(kRateFactor) + 1e-9;
}

double best_rate(const std::function<Specimen()>& make) {
  constexpr int kLowest = -24, kHighest = 4, kADecade = 4;
  constexpr std::int64_t kSteps = 300;
  double best = 0, least = std::numeric_limits<double>::infinity();
  for (int k = kLowest; k <= kHighest; ++k) {
    Specimen specimen = make();
    specimen.config.learning_rate = std::pow(10.0, static_cast<double>(k) / kADecade);
    specimen.config.steps = kSteps;
    specimen.config.record = "off";
    Trainer trainer(specimen.config, specimen.data);
    if (specimen.surgery) specimen.surgery(trainer.network());
    while (!trainer.done()) trainer.step();
    const double loss = trainer.evaluate(specimen.data.train).loss;
    if (!(loss < least)) continue;
    least = loss;
    best = specimen.config.learning_rate;
  }
  return best;
}

AdviceTrial run_advice(const Kind& kind, std::uint64_t seed, const Adviser& adviser) {
  const Trial sick = run_trial(kind, seed, false);
  const Specimen specimen = make_specimen(kind, seed);
  AdviceTrial trial;
  trial.kind = &kind;
  trial.seed = seed;
  trial.gained = trial.cured_gained = sick.gained();
  trial.twin_gained = gained_of(make_specimen(kind, seed, true));
  std::optional<Advised> advised = adviser(specimen, sick.findings);
  if (!advised) return trial;
  trial.remedy = advised->remedy;
  trial.changes = differs(specimen, advised->specimen);
  trial.advised_rate = advised->rate;
  if (trial.advised_rate) {
    trial.best_rate = best_rate([&] { return make_specimen(kind, seed); });
  }
  trial.cured_gained = gained_of(std::move(advised->specimen));
  return trial;
}

std::string advice_text(const std::vector<AdviceTrial>& trials) {
  Count cured, rates;
  std::size_t none = 0, no_ops = 0;
  std::string text;
  for (const AdviceTrial& trial : trials) {
    cured.add(trial.is_cured());
    none += trial.remedy.empty();
    no_ops += !trial.remedy.empty() && !trial.changes;
    if (trial.advised_rate) rates.add(trial.is_rate_right());
    text += fmt::format("{:<24}{:>3}  {:<24}{:8.2f}{:8.2f}{:8.2f}  {}\n", trial.kind->name,
                        trial.seed, trial.remedy.empty() ? "no advice" : trial.remedy, trial.gained,
                        trial.cured_gained, trial.twin_gained, trial.is_cured() ? "cured" : "");
    if (trial.advised_rate) {
      text += fmt::format("{:29}rate {:.2g}, best {:.2g}\n", "", *trial.advised_rate,
                          trial.best_rate.value_or(0));
    }
  }
  return text +
         fmt::format(
             "\nGained: untreated, with the first advice, twin. Cured {} of {}; no advice for "
             "{}; {} change nothing;\nrates within a factor of {} of the best: {} of {}.\n",
             cured.right, cured.of, none, no_ops, kRateFactor, rates.right, rates.of);
}

}  // namespace plumb::zoo
