// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The samples come in an order that sorts them by what is to be learned, so that every
///            batch is of a kind and each step unlearns the last one's.
/// Measured   DataInfo::between_batches, less the 1 / batch that samples in no order have; and what
///            of the learning holds for the validation part, in no order. The losses of such batches
///            tell little: the network knows the answer of the kind that it has just seen.
/// Threshold  kSorted of the targets' variance. A warning where the validation part keeps less than
///            kKept of what the batches show, critical where the network stands at its baseline;
///            else a note. Our choice: docs/rules/sorted_batches.md.
/// Silent     where the order is drawn anew each epoch or is not known, for batches of fewer than
///            kFewestInBatch, and in a probe.
/// Advice     shuffle.
/// Source     Bottou 2012, "Stochastic Gradient Descent Tricks": shuffle the examples.
void check_sorted_batches(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kSorted = 0.5;
inline constexpr double kKept = 0.8;
inline constexpr std::int64_t kFewestInBatch = 4;

}  // namespace plumb
