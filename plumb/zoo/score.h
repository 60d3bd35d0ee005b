// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plumb/zoo/judge.h"

namespace plumb::zoo {

struct ScoreOptions {
  std::optional<Half> half;            ///< nothing for both
  std::vector<std::string> only = {};  ///< kinds by name; empty for all of the half
  std::int64_t seeds = 5;              ///< 0 to seeds - 1
  int jobs = 1;
  bool twins = false;  ///< the twins of the sick kinds too, as healthy runs
  bool peers = false;  ///< the rules of others beside ours, on the same runs
  std::string record = "log";
};

/// Trials of every kind of a half with every seed, in the order of kinds() and seeds: the same for
/// any number of jobs.
struct Score {
  ScoreOptions options;
  std::vector<Trial> trials;

  /// Of a family, or of all.
  Tally tally(bool at_start, std::optional<Family> family = {}) const;
  /// Of one set of rules of others, by its place in peers().
  PeerTally peer_tally(std::size_t index, bool at_start) const;
};

/// Runs the trials and judges them.
///
/// How to use:
///
///   const Score result = score({.half = Half::open, .only = {"sigmoid_depth"}, .seeds = 1});
///   std::puts(score_text(result, /*details=*/true).c_str());
///
/// `progress` is called with the number of trials done and of all, from any thread.
Score score(const ScoreOptions& options,
            const std::function<void(std::size_t done, std::size_t all)>& progress = {});

/// The tables; with `details` every miss and every false alarm, a line each.
std::string score_text(const Score& score, bool details);
/// {"half", "seeds", "runs", "record", "start": {...}, "end": {...}, "families": {...}, "trials":
/// [...]}; what a trial's entry holds: docs/zoo.md.
std::string score_json(const Score& score, int indent = 2);
/// One line of JSON without the trials, for a log of scorings; `note` stands in it.
std::string score_log_line(const Score& score, const std::string& note);

}  // namespace plumb::zoo
