// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The samples come in an order that sorts them by what is to be learned, so that every
///            batch is of a kind and each step unlearns the last one's.
/// Measured   DataInfo::between_batches, less the 1 / batch that samples in no order have. Whether
///            it harms: the loss of the validation part against that of the batches, each as a part
///            of the baseline's, and the highest loss of a step of the last half of the run, which
///            is that of a batch of another kind than the one before.
/// Threshold  kSorted of the targets' variance. Critical where the network stands at its baseline
///            and moves; a warning where validation and batches differ by more than kApart of what
///            was gained, and kLeastApart, and the highest loss is above the baseline or no sample
///            was seen more often than kFewVisits; or where a network that learns, and has not
///            reached what can be had, has a highest loss above kAbove times what the best constant
///            answer has on its worst class. Else a note. Our choice, by what shuffled twins
///            learned: docs/rules/sorted_batches.md.
/// Silent     where the order is drawn anew each epoch or is not known, for batches of fewer than
///            kFewestInBatch, and in a probe.
/// Advice     shuffle.
/// Source     Bottou 2012, "Stochastic Gradient Descent Tricks": shuffle the examples.
void check_sorted_batches(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kSorted = 0.25;
inline constexpr double kApart = 0.25;
inline constexpr double kLeastApart = 0.1;
inline constexpr double kAbove = 1.2;
inline constexpr std::int64_t kFewVisits = 2;
inline constexpr std::int64_t kFewestInBatch = 4;

}  // namespace plumb
