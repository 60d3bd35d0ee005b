// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plumb/record/finding.h"
#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// Everything about one training or one probe, in memory: what flow, diagnosis and report read. It
/// looks the same whoever produced it.
struct Run {
  RunInfo info;
  std::vector<StepRecord> steps;  ///< ascending by step
  /// Absent until the run was diagnosed; empty where nothing was found.
  std::optional<std::vector<Finding>> findings;
  std::optional<RunEnd> end;

  bool is_diagnosed() const { return findings.has_value(); }
  /// The measured steps alone, ascending.
  std::vector<const StepRecord*> measured() const;
};

/// Where a producer delivers its records, in order. Implemented by the store, and by whoever wants
/// them live. Threads: called by the one that records, a call after the other.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void begin(const RunInfo& info) = 0;
  /// The graph as it is from now on: layers, blocks and parameters may have been added at its end.
  /// Only needed where it grows after begin().
  virtual void grow(const RunInfo& info) = 0;
  virtual void add(const StepRecord& step) = 0;
  virtual void end(const RunEnd& end) = 0;
};

}  // namespace plumb
