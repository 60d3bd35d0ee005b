// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

/// What came of a merge.
struct RankMerge {
  std::int64_t steps = 0;
  std::int64_t measured = 0;
  /// What a reader of the whole should know, in words: steps that not all ranks have or measured, a
  /// rank that was cut off, weights or rates that are not the same on all ranks, and what
  /// compare_rank_settings() tells.
  std::vector<std::string> notes;
};

/// The runs of the ranks of one data-parallel training, each of which recorded its part of every
/// batch, as one run of the whole batch: see RankGraph and merge_rank_steps(). Nothing is read
/// whole: one step of each rank is in memory.
///
/// A step that some ranks lack, or did not measure, is made of the others. The run ends as the
/// first rank did whose reason is not "finished", and has no end where some rank has none. Findings
/// are not taken over: the whole is to be diagnosed anew.
/// Errors  UsageError for fewer than two paths; StoreError, as of RunReader, and for runs that are
///         not of one training (compare_rank_settings, RankGraph), before anything is written.
RankMerge merge_ranks(std::span<const std::string> paths, RecordSink& sink);

/// The same into a run file, which takes the name `to` once it is whole: see RunDraft.
/// Errors  of these, and StoreError where a file stands for two ranks, or `to` for one.
RankMerge merge_rank_files(std::span<const std::string> paths, const std::string& to);

}  // namespace plumb
