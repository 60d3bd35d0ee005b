// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "plumb/data/dataset.h"
#include "plumb/record/data_info.h"

namespace plumb {

/// What the best answer reaches that does not look at the input, on all samples of `data`.
///
///   cross_entropy         the answer is the frequencies f_k of the classes: the loss is their
///                         entropy, -sum_k f_k log f_k, and that of a sample -log f_label
///   binary_cross_entropy  of each output the mean m_j of its targets: sum_j of the entropy of m_j
///   mse                   of each output the mean of its targets: 1/2 sum_j var(t_j)
/// A label counts as the losses count it (nn/loss.h): as one of `outputs` one-hot targets, or, with
/// a single output, as its own value. Where each step of a sequence has a label, the loss of a
/// sample is the mean over its steps.
///
/// The deviation is that of the samples' losses under this answer, the accuracy the largest f_k.
/// Absent for a loss without a best constant answer (difference) and without samples.
/// Speed   Two passes over the targets.
std::optional<Baseline> best_constant_answer(const Dataset& data, std::string_view loss,
                                             std::int64_t outputs);

}  // namespace plumb
