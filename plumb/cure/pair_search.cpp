// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/pair_search.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "plumb/cure/short_run.h"

namespace plumb {

namespace {

bool may_be_first(const CheckedChange& change) {
  return change.is_possible() && change.prescription.rewrite->id != "set_rate";
}

std::vector<const CheckedChange*> firsts_of(const Advice& advice) {
  std::vector<const CheckedChange*> firsts;
  for (const auto* const list : {&advice.changes, &advice.dropped}) {
    for (const CheckedChange& change : *list) {
      if (may_be_first(change)) firsts.push_back(&change);
    }
  }
  const auto loss = [](const CheckedChange* change) {
    return change->loss.value_or(std::numeric_limits<double>::infinity());
  };
  std::stable_sort(firsts.begin(), firsts.end(), [&](const auto* a, const auto* b) {
    const bool a_named = a->prescription.finding.has_value();
    const bool b_named = b->prescription.finding.has_value();
    return a_named != b_named ? a_named : loss(a) < loss(b);
  });
  if (firsts.size() > kMostFirsts) firsts.resize(kMostFirsts);
  return firsts;
}

}  // namespace

std::optional<TrainConfig> with_second(const TrainConfig& config, CureData& data,
                                       const Prescription& second) {
  Patient patient{config, {}};
  patient.facts.is_classification = data.given().judged.is_classification();
  patient.facts.samples = data.given().split.train.size();
  try {
    const Rewritten rewritten = second.rewrite->apply(patient, second.arguments);
    if (!rewritten.config || is_no_op(config, *rewritten.config)) return std::nullopt;
    if (!predict(*rewritten.config, data.of(*rewritten.config).split).is_possible()) {
      return std::nullopt;
    }
    return rewritten.config;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<ChangePair> search_pairs(const TrainConfig& patient, CureData& data,
                                     const Advice& advice, const AdviceOptions& options) {
  const std::vector<const CheckedChange*> firsts = firsts_of(advice);
  const auto goes_on = [&] { return !options.keep_going || options.keep_going(); };
  std::vector<ChangePair> pairs;
  const auto add = [&](const CheckedChange& first, const Prescription& second) {
    if (first.prescription.rewrite->group == second.rewrite->group || !goes_on()) return;
    std::optional<TrainConfig> both = with_second(first.config, data, second);
    const auto same = [&](const ChangePair& pair) {
      return setting_changes(pair.config, *both).empty();
    };
    if (!both || std::any_of(pairs.begin(), pairs.end(), same)) return;
    pairs.push_back({&first, second.rewrite, *std::move(both), 0});
  };
  const RewriteEntry& adam = *find_rewrite("adam");
  if (!options.allows || options.allows(adam)) {
    for (const CheckedChange* const first : firsts) add(*first, {&adam, {}, {}, {}});
  }
  for (std::size_t sum = 1; sum + 1 < 2 * firsts.size(); ++sum) {
    for (std::size_t i = 0; 2 * i < sum; ++i) {
      if (sum - i < firsts.size()) add(*firsts[i], firsts[sum - i]->prescription);
    }
  }
  if (pairs.empty()) return pairs;

  TrainConfig about = patient;
  about.record = "off";
  const Trainer trainer(about, data.of(patient).split);
  const auto affordable =
      static_cast<std::int64_t>(options.budget_s / nominal_step_s(trainer.info()));
  const std::int64_t longest = std::min(options.most_steps, trainer.planned_steps());
  const std::int64_t fewest = std::min(options.fewest_steps, longest);
  const auto most = static_cast<std::size_t>(affordable / std::max<std::int64_t>(1, fewest));
  if (pairs.size() > most) pairs.resize(most);
  if (pairs.empty()) return pairs;
  const std::int64_t steps =
      std::min(longest, affordable / static_cast<std::int64_t>(pairs.size()));
  for (ChangePair& pair : pairs) {
    pair.loss = std::numeric_limits<double>::infinity();
    if (!goes_on()) continue;
    try {
      const CureSplit& split = data.of(pair.config);
      ShortRun run(pair.config, split.split);
      run.advance(steps);
      pair.loss = run.evaluate(split.judged).loss;
    } catch (const std::exception&) {
      // No such training after all: it stays without a number.
    }
  }
  std::erase_if(pairs, [](const ChangePair& pair) { return !std::isfinite(pair.loss); });
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const ChangePair& a, const ChangePair& b) { return a.loss < b.loss; });
  return pairs;
}

}  // namespace plumb
