// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plumb/zoo/cure_trial.h"

namespace plumb::zoo {

struct CureScoreOptions {
  std::int64_t seeds = 1;  ///< specimens of each kind, from seed 0 on
  int jobs = 1;            ///< specimens at a time; a cure itself has one job
  CureOptions cure;
  std::string log;  ///< keeps each result, and what stands in it is not made again; empty: none
  std::function<bool()> keep_going = {};
  std::function<void(std::size_t done, std::size_t all)> progress = {};
  CureObserver report = {};  ///< told of each that is made, one at a time; empty for none
  /// Another process that answers a task with answer_cure(); nothing where none is free. Empty: all
  /// are made here.
  std::function<std::optional<std::string>(const std::string& task)> elsewhere = {};
};

/// What another process makes of a task: a line as of to_line().
std::string answer_cure(const std::string& task, const CureOptions& options);

/// Of all kinds with every seed, in their order; what was stopped is left out. Kinds that no change
/// of network, start or trainer mends are not for this.
/// Errors  those of run_cure_trial(), of LogLines and of trial_of_line().
std::vector<CureTrial> cure_kinds(std::span<const Kind* const> kinds,
                                  const CureScoreOptions& options);

/// Two arms over many specimens: how often the first scored more, less and the same, and p of the
/// exact sign test (two-sided, ties left out; 1 without any).
/// Source  Arbuthnot 1710; Conover 1999, "Practical Nonparametric Statistics", section 3.4.
struct SignTest {
  std::int64_t more = 0, less = 0, same = 0;
  double p() const;
};

/// The table by kind, and what it comes to: share cured, in which place the winner was tried, the
/// cured arm against the random and the rate arm, predicted reaches of candidates against measured
/// ones, healthy kinds that were changed.
std::string cure_text(std::span<const CureTrial> trials, bool details);

}  // namespace plumb::zoo
