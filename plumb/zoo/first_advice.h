// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plumb/zoo/kind.h"

namespace plumb::zoo {

/// What the first advice for a sick specimen was, and what came of following it to the letter.
struct AdviceTrial {
  const Kind* kind = nullptr;
  std::uint64_t seed = 0;
  std::string rule;     ///< the first finding that is a warning or worse; empty: none
  std::string rewrite;  ///< of the first advice; empty: none was given
  std::string command;  ///< the training that it asks for
  /// Of the baseline's loss, the part that is taken away: untreated, by the twin without the fault,
  /// and by the training that the advice asks for. Each on the part that the specimen is measured
  /// by, as that training sees it.
  double gained = 0;
  double gained_by_twin = 0;
  double gained_by_advice = 0;

  bool changes_nothing = false;  ///< an advice that leaves every setting as it is
  /// Where the advice is another rate alone: that rate, and the one of least training loss on a
  /// grid of four a decade, from 1e-6 to 10, after 300 steps each (cure/rate_sweep.h).
  std::optional<double> advised_rate, best_rate;

  /// The advice brings 90 % of what the twin gains over the baseline.
  bool is_cured() const { return gained_by_advice >= 0.9 * gained_by_twin; }
  /// The advised rate is within a factor of kRateFactor of the best.
  bool is_rate_right() const;
};

inline constexpr double kRateFactor = 3;

/// Trains the specimen, asks for checked advice with the budget that the command line has, trains
/// what it says, and trains the twin. A surgery of the weights stands in a file meanwhile, as a
/// user's would.
/// Errors  those of run_trial().
AdviceTrial run_advice_trial(const Kind& kind, std::uint64_t seed);

/// Of all kinds and the seeds from 0 on, in their order.
std::vector<AdviceTrial> run_advice_trials(
    std::span<const Kind* const> kinds, std::int64_t seeds, int jobs,
    const std::function<void(std::size_t done, std::size_t all)>& progress);

/// A line for each kind (cured of how many, what was advised), and the share of all; of the advised
/// rates how many are right, and how many advices change nothing.
std::string advice_text(std::span<const AdviceTrial> trials, bool details);

}  // namespace plumb::zoo
