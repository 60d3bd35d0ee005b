// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "plumb/record/step_record.h"
#include "plumb/store/rank_graph.h"

namespace plumb {

/// What one rank recorded of a step.
struct RankStep {
  std::size_t rank = 0;
  const StepRecord* record = nullptr;
};

/// One step of those of its ranks, each of which had its part of the batch, as one process with the
/// whole batch would have recorded it. Only ranks that measured the step give records.
///
///   sketches of layers       merged: counts add up, moments and histograms as of all values
///   of parameters            the first rank's, since each rank has the same; shards are merged
///   activations              weighted by elements; samples add up. dead_units is the smallest of the
///                            ranks', which is the most there can be: a unit counts as dead where it
///                            was so on every rank, and which ones those were is not recorded
///   joins                    log2_rms over all values; a share is sum_r share_r g_r / sum_r g_r with
///                            g_r = <g, g> of the rank, which is what it is of the whole batch
///   signals                  similarity over the pairs within the ranks; directions of the first
///   times, inner             by place, weighted by elements: sizes (log2_rms) in squares
///   blocks                   tokens add up, calls are those of the rank with the most
///   loss, accuracies         the mean of the ranks, as the gradient is; NaN accuracies are left out
///   grad_norm, weight decay  of shards the root of the sum of squares, else the first rank's
///
/// Errors  UsageError for no steps.
StepRecord merge_rank_steps(const RankGraph& graph, std::span<const RankStep> ranks);

/// Whether a parameter that is no shard has another weight on some rank than on the first one that
/// measured it: which parameter. Ranks of a data-parallel training have the same bits; the rms and
/// the mean are compared to 1e-5, as several machines may sum them up in another order.
std::optional<ParamId> find_drift(const RankGraph& graph, std::span<const RankStep> ranks);

}  // namespace plumb
