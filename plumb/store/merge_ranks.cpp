// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/merge_ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <system_error>

#include "plumb/core/error.h"
#include "plumb/store/rank_graph.h"
#include "plumb/store/rank_settings.h"
#include "plumb/store/rank_step.h"
#include "plumb/store/run_draft.h"
#include "plumb/store/run_file.h"

namespace plumb {

namespace {

/// A schedule is the same arithmetic on every rank.
constexpr double kRateTolerance = 1e-12;

/// A rank's run, one step ahead.
class Rank {
 public:
  explicit Rank(const std::string& path) : reader_(path) { advance(); }
  bool has_step() const { return has_step_; }
  const StepRecord& step() const { return step_; }
  void advance() { has_step_ = reader_.next(step_); }
  std::optional<RunEnd> end() { return reader_.end(); }

 private:
  RunReader reader_;
  StepRecord step_;
  bool has_step_ = false;
};

std::vector<RunInfo> read_infos(std::span<const std::string> paths) {
  std::vector<RunInfo> infos;
  for (const std::string& path : paths) {
    infos.push_back(load_run(path, LoadOptions::metrics()).info);  // as it has grown
  }
  return infos;
}

bool is_one_rate(std::span<const RankStep> steps) {
  std::optional<double> first;
  return std::ranges::all_of(steps, [&](const RankStep& step) {
    const double rate = step.record->learning_rate;
    if (std::isnan(rate)) return true;  // not told
    if (!first) first = rate;
    return std::abs(rate - *first) <= kRateTolerance * std::abs(*first);
  });
}

void check_different(std::span<const std::string> paths, const std::string& to) {
  std::error_code ignored;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (std::filesystem::equivalent(paths[i], to, ignored)) {
      throw StoreError(
          fmt::format("{}: is the run of rank {}, expected another file to write to", to, i));
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (!std::filesystem::equivalent(paths[i], paths[k], ignored)) continue;
      throw StoreError(
          fmt::format("{}: the run of rank {} is that of rank {} too, expected a file of each rank",
                      paths[i], k, i));
    }
  }
}

std::optional<RunEnd> end_of(std::vector<Rank>& ranks, std::span<const std::string> paths,
                             std::int64_t steps, std::vector<std::string>& notes) {
  std::optional<RunEnd> whole = RunEnd{"finished", steps, 0};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const std::optional<RunEnd> own = ranks[i].end();
    if (!own) {
      notes.push_back(fmt::format("{} was cut off, or is still being written", paths[i]));
      whole.reset();
    } else if (whole) {
      if (whole->reason == "finished") whole->reason = own->reason;
      whole->time_s = std::max(whole->time_s, own->time_s);
    }
  }
  return whole;
}

}  // namespace

RankMerge merge_ranks(std::span<const std::string> paths, RecordSink& sink) {
  if (paths.size() < 2)
    throw UsageError("merge_ranks of one run: expected those of two ranks or more");
  const std::vector<RunInfo> infos = read_infos(paths);
  RankMerge result;
  result.notes = compare_rank_settings(infos, paths);
  const RankGraph graph(infos, paths);
  sink.begin(graph.info());
  std::vector<Rank> ranks;
  for (const std::string& path : paths) ranks.emplace_back(path);

  std::int64_t without = 0, unmeasured = 0, last = -1;
  bool has_drifted = false, have_one_rate = true;
  std::vector<RankStep> now;
  for (;;) {
    std::optional<std::int64_t> next;
    for (const Rank& rank : ranks) {
      if (rank.has_step()) next = std::min(next.value_or(rank.step().step), rank.step().step);
    }
    if (!next) break;
    now.clear();
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i].has_step() && ranks[i].step().step == *next)
        now.push_back({i, &ranks[i].step()});
    }
    const auto measured = std::ranges::count_if(now, [](auto& s) { return s.record->measured; });
    without += now.size() < ranks.size();
    unmeasured += measured > 0 && static_cast<std::size_t>(measured) < now.size();
    if (!has_drifted && measured > 1) {
      if (const auto param = find_drift(graph, now)) {
        has_drifted = true;
        result.notes.push_back(fmt::format("from step {} on the ranks have different weights: {}",
                                           *next, graph.info().param(*param).path));
      }
    }
    if (have_one_rate && !is_one_rate(now)) {
      have_one_rate = false;
      result.notes.push_back(
          fmt::format("from step {} on the ranks have different learning rates", *next));
    }
    sink.add(merge_rank_steps(graph, now));
    ++result.steps;
    result.measured += measured > 0;
    last = *next;
    for (const RankStep& step : now) ranks[step.rank].advance();
  }
  if (without > 0) {
    result.notes.push_back(
        fmt::format("{} steps are of some ranks alone: others do not have them", without));
  }
  if (unmeasured > 0) {
    result.notes.push_back(fmt::format(
        "{} steps were measured by some ranks alone: they tell of these ranks' part of the "
        "batch",
        unmeasured));
  }
  if (const auto end = end_of(ranks, paths, last + 1, result.notes)) sink.end(*end);
  return result;
}

RankMerge merge_rank_files(std::span<const std::string> paths, const std::string& to) {
  check_different(paths, to);
  RunDraft draft(to);
  RunWriter writer(draft.path());
  RankMerge merged = merge_ranks(paths, writer);
  writer.close();
  draft.take_name();
  return merged;
}

}  // namespace plumb
