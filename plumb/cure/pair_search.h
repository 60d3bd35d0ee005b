// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cure/advice.h"

namespace plumb {

/// Two changes, the second on top of the first.
struct ChangePair {
  const CheckedChange* first = nullptr;  ///< points into the advice it was made of
  const RewriteEntry* second = nullptr;
  TrainConfig config;  ///< with both
  double loss = 0;     ///< after the short training, as CheckedChange::loss
};

/// The training with this change on top of what it has. Nothing where the change does not apply,
/// changes nothing or does not fit the data.
std::optional<TrainConfig> with_second(const TrainConfig& config, CureData& data,
                                       const Prescription& second);

/// What two changes together do where one alone does little: a wrong start and a trainer that is
/// too slow for what is left mend each other only when both are gone.
///
/// Tried are the changes that were looked at, two of different groups at a time: what a remedy
/// names before what none does, among these the one that learned more in its short training; and
/// adam, which goes with each first. At most kMostFirsts of them, so at most 6 + 15 pairs. Each
/// is trained for the same number of first steps, as many as the budget allows for all of them
/// (AdviceOptions::budget_s, at most_steps the most); where that is less than fewest_steps, fewer
/// pairs are tried.
/// Returns  What ends with a number, the least loss first.
/// Threads  one; the same on every machine.
std::vector<ChangePair> search_pairs(const TrainConfig& patient, CureData& data,
                                     const Advice& advice, const AdviceOptions& options);
inline constexpr std::size_t kMostFirsts = 6;

}  // namespace plumb
