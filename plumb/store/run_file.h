// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

struct RunWriterOptions {
  /// Recording stops, with an error, before the file grows beyond this; its log, some MB while the
  /// run lasts, is not counted. 0: no limit.
  std::int64_t max_file_bytes = 0;
  /// What may wait for the disk before add() waits too. Our choice: more than a million sketches.
  std::int64_t max_queue_bytes = 256 << 20;
};

/// Writes one run into one file (SQLite, write-ahead log; docs/formats.md has the schema) from a
/// thread of its own, so that a training step never waits for the disk.
///
/// What was added is in the file at most kCommitInterval_s later: kill -9 at any moment loses at
/// most that and never the file. Readers may read while it grows.
/// Errors  StoreError from the constructor when the file cannot be created (an existing file that
///         is not a run is never overwritten; an existing run is replaced). A later failure (disk
///         full) stops the recording, never the training: error() keeps it and close() throws it.
///         So it is with a step that does not ascend and with calls in another order.
/// Speed   add() packs the step in memory, about 0.5 us for each sketch, without I/O. begin() and
///         end() return when the file has them. Only a disk that falls max_queue_bytes behind makes
///         add() wait.
/// Threads begin/add/end/close from one thread; error() from any.
class RunWriter : public RecordSink {
 public:
  static constexpr double kCommitInterval_s = 0.5;

  explicit RunWriter(const std::string& path, const RunWriterOptions& options = {});
  ~RunWriter() override;  ///< closes; swallows what close() would throw

  void begin(const RunInfo& info) override;
  void add(const StepRecord& step) override;
  void end(const RunEnd& end) override;
  /// Writes everything, checkpoints and closes, leaving one file. Idempotent; throws the first time
  /// only.
  void close();
  /// What went wrong so far, if anything.
  std::optional<std::string> error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a whole run, also one that is still being written.
/// Errors  StoreError: no such file; not a run file (a text file, another database); written by
///         a newer schema (both versions named); damaged.
Run load_run(const std::string& path);

/// Reads what came after `step` from a run that grows (live views).
std::vector<StepRecord> load_steps_after(const std::string& path, std::int64_t step);

/// Replaces the stored findings of a run.
void save_findings(const std::string& path, std::span<const Finding> findings);

/// The schema this build writes; a file of a newer one is refused, an older one is read.
inline constexpr int kSchemaVersion = 2;

/// The run as JSON (everything, schema in docs/formats.md) or as CSV (one line for each step and
/// site).
std::string export_json(const Run& run);
std::string export_csv(const Run& run);
/// The recurrent layers alone: one line for each measured step, layer, direction and time step.
std::string export_time_csv(const Run& run);

}  // namespace plumb
