// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/rank_step.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "plumb/core/error.h"
#include "plumb/store/rank_mean.h"

namespace plumb {

namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// The sketches of one record by their sites, whose ids are the whole's.
class Sites {
 public:
  static std::uint64_t key(const Site& site) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(site.id)) << 32 |
           static_cast<std::uint64_t>(static_cast<std::uint16_t>(site.output)) << 8 |
           static_cast<std::uint64_t>(site.role);
  }
};

/// What each rank has of one kind of record, found by what it is of.
struct Ranks {
  const RankGraph& graph;
  std::span<const RankStep> steps;
  std::vector<std::unordered_map<std::uint64_t, const Sketch*>> sketches;  ///< by step

  Site site(const RankStep& step, const Site& own) const {
    Site whole = own;
    whole.id =
        own.is_of_parameter() ? graph.param(step.rank, own.id) : graph.layer(step.rank, own.id);
    return whole;
  }
  const Sketch* find(std::size_t step, const Site& whole) const {
    const auto at = sketches[step].find(Sites::key(whole));
    return at == sketches[step].end() ? nullptr : at->second;
  }
  /// How many values the rank had of a layer's tensor; 1 where that is not recorded.
  double elements(std::size_t step, LayerId layer, Role first, Role second,
                  std::int32_t output = 0) const {
    for (const Role role : {first, second}) {
      const Sketch* const found = find(step, Site::layer(layer, role, output));
      if (found != nullptr && found->count > 0) return static_cast<double>(found->count);
    }
    return 1;
  }
};

Ranks index(const RankGraph& graph, std::span<const RankStep> steps) {
  Ranks ranks{graph, steps, {}};
  for (const RankStep& step : steps) {
    auto& sketches = ranks.sketches.emplace_back();
    for (const SketchRecord& one : step.record->sketches) {
      sketches.emplace(Sites::key(ranks.site(step, one.site)), &one.sketch);
    }
  }
  return ranks;
}

/// One entry of the result for what may stand in the records of several ranks.
template <class Record>
struct Group {
  Record merged;  ///< of the first rank that has it, with the whole's ids
  std::vector<std::pair<std::size_t, const Record*>> of;  ///< place in Ranks::steps, what it has
};

/// `localise` puts the whole's ids into a copy, `is_same` says which belong together.
template <class Record, class Localise, class IsSame>
std::vector<Group<Record>> group(const Ranks& ranks, std::vector<Record> StepRecord::*list,
                                 Localise localise, IsSame is_same) {
  std::vector<Group<Record>> groups;
  for (std::size_t i = 0; i < ranks.steps.size(); ++i) {
    std::size_t guess = 0;  // ranks mostly list the same in the same order
    for (const Record& one : ranks.steps[i].record->*list) {
      Record whole = one;
      localise(ranks.steps[i].rank, whole);
      std::size_t at = guess;
      if (at >= groups.size() || !is_same(groups[at].merged, whole)) {
        at = 0;
        while (at < groups.size() && !is_same(groups[at].merged, whole)) ++at;
      }
      if (at == groups.size()) groups.push_back({std::move(whole), {}});
      groups[at].of.emplace_back(i, &one);
      guess = at + 1;
    }
  }
  return groups;
}

void merge_sketches(const Ranks& ranks, StepRecord& to) {
  std::unordered_map<std::uint64_t, std::size_t> places;
  for (const RankStep& step : ranks.steps) {
    for (const SketchRecord& one : step.record->sketches) {
      const Site site = ranks.site(step, one.site);
      const auto [at, is_new] = places.try_emplace(Sites::key(site), to.sketches.size());
      if (is_new) {
        to.sketches.push_back({site, one.sketch});
      } else if (!site.is_of_parameter() || ranks.graph.is_sharded(site.id)) {
        to.sketches[at->second].sketch.merge(one.sketch);
      }
    }
  }
}

void merge_activations(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, ActivationRecord& one) {
    one.layer = ranks.graph.layer(rank, one.layer);
  };
  const auto is_same = [](const auto& a, const auto& b) { return a.layer == b.layer; };
  for (auto& [merged, of] : group(ranks, &StepRecord::activations, localise, is_same)) {
    Log2MeanSquare derivative;
    Mean saturated, active;
    merged.window_samples = 0;
    for (const auto& [i, one] : of) {
      const double elements = ranks.elements(i, merged.layer, Role::a, Role::grad_a);
      derivative.add(one->log2_rms_derivative, elements);
      saturated.add(one->saturated_fraction, elements);
      active.add(one->active_fraction, static_cast<double>(one->window_samples));
      merged.dead_units = std::min(merged.dead_units, one->dead_units);
      merged.window_samples += one->window_samples;
    }
    merged.log2_rms_derivative = derivative.value();
    merged.saturated_fraction = saturated.value();
    if (!active.is_empty()) merged.active_fraction = active.value();
    to.activations.push_back(merged);
  }
}

/// <g, g> of a rank's part of a join, as its log2.
double log2_square(const Ranks& ranks, std::size_t i, const JoinRecord& whole,
                   const JoinRecord& own, double elements) {
  if (whole.through != kNoLayer) return 2 * own.log2_rms + std::log2(elements);
  for (const Role role : {Role::grad_a, Role::grad_z}) {
    if (const Sketch* const found = ranks.find(i, Site::layer(whole.layer, role, whole.output))) {
      return 2 * found->true_log2_rms() + std::log2(elements);
    }
  }
  return 0;
}

void merge_joins(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, JoinRecord& one) {
    one.layer = ranks.graph.layer(rank, one.layer);
    one.through = ranks.graph.layer(rank, one.through);
    for (JoinWay& way : one.ways) way.reader = ranks.graph.layer(rank, way.reader);
  };
  const auto is_same = [](const JoinRecord& a, const JoinRecord& b) {
    return a.layer == b.layer && a.output == b.output && a.through == b.through;
  };
  for (auto& [merged, of] : group(ranks, &StepRecord::joins, localise, is_same)) {
    std::vector<double> elements, squares;
    double largest = kNothing;
    Log2MeanSquare whole;
    for (const auto& [i, own] : of) {
      elements.push_back(
          ranks.elements(i, merged.layer, Role::grad_a, Role::grad_z, merged.output));
      squares.push_back(log2_square(ranks, i, merged, *own, elements.back()));
      largest = std::max(largest, squares.back());
      whole.add(own->log2_rms, elements.back());
    }
    if (merged.through != kNoLayer) merged.log2_rms = whole.value();
    for (std::size_t w = 0; w < merged.ways.size(); ++w) {
      JoinWay& way = merged.ways[w];
      Log2MeanSquare size;
      Mean share(true);
      for (std::size_t k = 0; k < of.size(); ++k) {
        const std::size_t rank = ranks.steps[of[k].first].rank;
        for (const JoinWay& own : of[k].second->ways) {
          if (ranks.graph.layer(rank, own.reader) != way.reader || own.input != way.input) continue;
          size.add(own.log2_rms, elements[k]);
          share.add(own.share, std::exp2(squares[k] - largest));
        }
      }
      way.log2_rms = size.value();
      way.share = share.value();
    }
    to.joins.push_back(merged);
  }
}

void merge_signals(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, SignalRecord& one) {
    one.layer = ranks.graph.layer(rank, one.layer);
  };
  const auto is_same = [](const auto& a, const auto& b) { return a.layer == b.layer; };
  for (auto& [merged, of] : group(ranks, &StepRecord::signals, localise, is_same)) {
    Mean similarity(true);
    merged.samples = 0;
    for (const auto& [i, one] : of) {
      const double n = one->samples;
      if (n > 1) similarity.add(one->similarity, n * (n - 1));
      merged.samples += one->samples;
    }
    merged.similarity = similarity.value();
    to.signals.push_back(merged);
  }
}

/// By place, of lists that may differ in length.
template <class Value, class Rounded>
std::vector<Value> merge_values(const std::vector<std::pair<double, const std::vector<Value>*>>& of,
                                bool in_squares, Rounded rounded) {
  std::size_t most = 0;
  for (const auto& [weight, values] : of) most = std::max(most, values->size());
  std::vector<Value> merged(most);
  for (std::size_t t = 0; t < most; ++t) {
    Log2MeanSquare square;
    Mean mean;
    for (const auto& [weight, values] : of) {
      if (t >= values->size()) continue;
      square.add((*values)[t], weight);
      mean.add((*values)[t], weight);
    }
    merged[t] = rounded(in_squares ? square.value() : mean.value());
  }
  return merged;
}

void merge_times(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, TimeRecord& one) {
    one.layer = ranks.graph.layer(rank, one.layer);
  };
  const auto is_same = [](const TimeRecord& a, const TimeRecord& b) {
    return a.layer == b.layer && a.reverse == b.reverse;
  };
  for (auto& [merged, of] : group(ranks, &StepRecord::times, localise, is_same)) {
    for (TimeSeries& series : merged.series) {
      std::vector<std::pair<double, const std::vector<float>*>> found;
      for (const auto& [i, own] : of) {
        const auto* const values = own->find(series.quantity, series.statistic);
        if (values == nullptr) continue;
        // Samples: the values of the output, shared among its time steps.
        const double weight = ranks.elements(i, merged.layer, Role::a, Role::z) /
                              static_cast<double>(std::max<std::int64_t>(own->time_steps, 1));
        found.emplace_back(weight, values);
        merged.time_steps = std::max(merged.time_steps, own->time_steps);
      }
      const TimeStatistic statistic = series.statistic;
      series.values = merge_values<float>(found, statistic == TimeStatistic::log2_rms,
                                          [&](double v) { return time_value(v, statistic); });
    }
    to.times.push_back(merged);
  }
}

void merge_inner(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, InnerRecord& one) {
    one.layer = ranks.graph.layer(rank, one.layer);
  };
  const auto is_same = [](const InnerRecord& a, const InnerRecord& b) {
    return a.layer == b.layer && a.output == b.output && a.axis == b.axis && a.name == b.name;
  };
  for (auto& [merged, of] : group(ranks, &StepRecord::inner, localise, is_same)) {
    std::vector<std::pair<double, const std::vector<float>*>> found;
    for (const auto& [i, own] : of) {
      found.emplace_back(ranks.elements(i, merged.layer, Role::a, Role::z, merged.output),
                         &own->values);
    }
    const bool is_size = std::string_view(merged.name).ends_with("log2_rms");
    merged.values =
        merge_values<float>(found, is_size, [](double v) { return static_cast<float>(v); });
    to.inner.push_back(merged);
  }
}

void merge_blocks(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, BlockUse& one) {
    one.block = ranks.graph.block(rank, one.block);
  };
  const auto is_same = [](const auto& a, const auto& b) { return a.block == b.block; };
  for (auto& [merged, of] : group(ranks, &StepRecord::blocks, localise, is_same)) {
    merged.tokens = 0;
    for (const auto& [i, one] : of) {
      merged.tokens += one->tokens;
      merged.calls = std::max(merged.calls, one->calls);
    }
    to.blocks.push_back(merged);
  }
}

void merge_symmetries(const Ranks& ranks, StepRecord& to) {
  const auto localise = [&](std::size_t rank, SymmetryRecord& one) {
    one.param = ranks.graph.param(rank, one.param);
  };
  const auto is_same = [](const auto& a, const auto& b) { return a.param == b.param; };
  for (auto& [merged, of] : group(ranks, &StepRecord::symmetries, localise, is_same)) {
    if (!ranks.graph.is_sharded(merged.param)) to.symmetries.push_back(merged);
  }
}

/// Of a norm over all parameters: each rank has it, or its shards' part of it.
double merge_norm(const RankGraph& graph, std::span<const RankStep> steps,
                  double StepRecord::*norm) {
  const double first = steps.front().record->*norm;
  bool sharded = false;
  for (std::size_t i = 0; i < graph.info().params.size(); ++i) {
    sharded = sharded || graph.is_sharded(static_cast<ParamId>(i));
  }
  const bool all_same =
      std::ranges::all_of(steps, [&](const RankStep& step) { return step.record->*norm == first; });
  if (!sharded || all_same) return first;
  double squares = 0;
  for (const RankStep& step : steps) squares += step.record->*norm * step.record->*norm;
  return std::sqrt(squares);
}

std::optional<double> mean_of(std::span<const RankStep> steps,
                              std::optional<double> StepRecord::*metric) {
  Mean mean;
  for (const RankStep& step : steps) {
    if (step.record->*metric) mean.add(*(step.record->*metric));
  }
  return mean.is_empty() ? std::nullopt : std::optional(mean.value());
}

StepRecord merge_metrics(const RankGraph& graph, std::span<const RankStep> steps) {
  StepRecord merged = steps.front().record->metrics();
  Mean loss, accuracy(true);
  for (const RankStep& step : steps) {
    const StepRecord& one = *step.record;
    loss.add(one.loss);
    accuracy.add(one.accuracy);
    merged.epoch = std::max(merged.epoch, one.epoch);
    merged.time_s = std::max(merged.time_s, one.time_s);
    merged.passes = std::max(merged.passes, one.passes);
    merged.skipped = merged.skipped || one.skipped;
  }
  merged.loss = loss.value();
  merged.accuracy = accuracy.value();
  merged.grad_norm = merge_norm(graph, steps, &StepRecord::grad_norm);
  merged.weight_decay_norm = merge_norm(graph, steps, &StepRecord::weight_decay_norm);
  merged.validation_loss = mean_of(steps, &StepRecord::validation_loss);
  merged.validation_accuracy = mean_of(steps, &StepRecord::validation_accuracy);
  merged.inference_loss = mean_of(steps, &StepRecord::inference_loss);
  merged.inference_accuracy = mean_of(steps, &StepRecord::inference_accuracy);
  return merged;
}

std::vector<RankStep> measured_of(std::span<const RankStep> steps) {
  std::vector<RankStep> measured;
  for (const RankStep& step : steps) {
    if (step.record->measured) measured.push_back(step);
  }
  return measured;
}

}  // namespace

StepRecord merge_rank_steps(const RankGraph& graph, std::span<const RankStep> steps) {
  if (steps.empty()) throw UsageError("merge_rank_steps of no steps: expected one of each rank");
  StepRecord merged = merge_metrics(graph, steps);
  const std::vector<RankStep> measured = measured_of(steps);
  if (measured.empty()) return merged;
  const Ranks ranks = index(graph, measured);
  merged.measured = true;
  merge_sketches(ranks, merged);
  merge_activations(ranks, merged);
  merge_joins(ranks, merged);
  merge_signals(ranks, merged);
  merge_symmetries(ranks, merged);
  merge_times(ranks, merged);
  merge_inner(ranks, merged);
  merge_blocks(ranks, merged);
  return merged;
}

std::optional<ParamId> find_drift(const RankGraph& graph, std::span<const RankStep> steps) {
  constexpr double kTolerance = 1e-5;
  const std::vector<RankStep> measured = measured_of(steps);
  const Ranks ranks = index(graph, measured);
  for (std::size_t p = 0; p < graph.info().params.size(); ++p) {
    const auto id = static_cast<ParamId>(p);
    if (graph.is_sharded(id)) continue;
    const Sketch* first = nullptr;
    for (std::size_t i = 0; i < measured.size(); ++i) {
      const Sketch* const here = ranks.find(i, Site::param(id, Role::weight));
      if (here == nullptr) continue;
      if (first == nullptr) first = here;
      const double size = std::max(first->rms(), here->rms());
      const bool differs = std::abs(here->rms() - first->rms()) > kTolerance * size ||
                           std::abs(here->mean - first->mean) > kTolerance * size;
      if (differs || here->nonfinite_count != first->nonfinite_count) return id;
    }
  }
  return {};
}

}  // namespace plumb
