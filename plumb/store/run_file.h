// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

struct RunWriterOptions {
  /// The file never grows beyond this: before it would, records of steps already written are
  /// dropped, see RunWriter. Its log, some MB while the run lasts, is not counted. 0: no limit.
  std::int64_t max_file_bytes = 200'000'000;
  /// What may wait for the disk before add() waits too. Our choice: more than a million sketches.
  std::int64_t max_queue_bytes = 256 << 20;
  /// The type of the file system of a path, as statfs(2) tells it, by which the journal is chosen;
  /// empty: asks the system. For tests.
  std::function<std::uint64_t(const std::string& path)> file_system = {};
};

/// Writes one run into one file (SQLite; docs/formats.md has the schema) from a thread of its own,
/// so that a training step never waits for the disk.
///
/// How to use:
///
///   RunWriter writer("deep.plumb");  // StoreError where it cannot be made
///   writer.begin(run.info);
///   for (const StepRecord& step : run.steps) writer.add(step);
///   writer.end(*run.end);
///   writer.close();  // throws what went wrong, once
///
/// What was added is in the file at most kCommitInterval_s later: kill -9 at any moment loses at
/// most that and never the file. Readers may read while it grows.
/// Bound   A file that would grow beyond max_file_bytes is thinned: measured steps lose their
///         records (their metrics stay), those that stand densest on a logarithmic scale first. The
///         first and the last measured step stay, and where there is room for them the steps that
///         keep() names and those at which a stored finding begins or ends. Metrics are thinned only
///         where they alone would pass the bound.
/// Errors  StoreError from the constructor when the file cannot be created (an existing file that
///         is not a run is never overwritten; an existing run is replaced). A later failure (disk
///         full) stops the recording, never the training: error() keeps it and close() throws it.
///         So it is with a step that does not ascend, a record of a layer, block or parameter that
///         the graph lacks, and calls in another order.
/// Speed   add() copies the step into columns, without I/O. begin(), grow() and end() return when
///         the file has them. Only a disk that falls max_queue_bytes behind makes add() wait.
/// Threads begin/grow/add/end/close from one thread; keep() and error() from any.
class RunWriter : public RecordSink {
 public:
  static constexpr double kCommitInterval_s = 0.5;

  explicit RunWriter(const std::string& path, const RunWriterOptions& options = {});
  ~RunWriter() override;  ///< closes; swallows what close() would throw

  void begin(const RunInfo& info) override;
  void grow(const RunInfo& info) override;
  void add(const StepRecord& step) override;
  void end(const RunEnd& end) override;
  /// Stores the findings of the run, which is diagnosed from then on; those of an earlier call are
  /// replaced. Works also where the file was moved meanwhile, unlike save_findings().
  void write_findings(std::span<const Finding> findings);
  /// Asks for this step's records to be the last that are thinned.
  void keep(std::int64_t step);
  /// Writes everything, checkpoints and closes, leaving one file. Idempotent; throws the first time
  /// only.
  void close();
  /// What went wrong so far, if anything.
  std::optional<std::string> error() const;
  /// Seconds of the processor that the thread which writes has taken so far.
  double writing_s() const;
  /// Where the file is now: its path, or where it was moved to since; nothing if it is gone
  /// (deleted, or moved to another disk, which takes what the file had until then).
  std::optional<std::string> where() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What of a run is read. What is left out looks like a step that was not measured, or like
/// sketches without histograms and format losses.
struct LoadOptions {
  /// And format losses. Those of a run whose gradients are in float16 are read all the same, since
  /// they show what it took of them (RunInfo::has_half_gradients).
  bool histograms = true;
  /// Of a measured step by its number: whether its records are read. Empty: all are.
  std::function<bool(std::int64_t step)> records = {};

  static LoadOptions metrics() {
    return {false, [](std::int64_t) { return false; }};
  }
  static LoadOptions without_histograms() { return {false, {}}; }
  static LoadOptions of_steps(std::vector<std::int64_t> steps);
};

/// Reads a run step by step, without ever holding all of it; also one that is still being written.
///
/// How to use:
///
///   RunReader reader("deep.plumb", LoadOptions::without_histograms());
///   Diagnosis diagnosis(reader.info());
///   for (StepRecord step; reader.next(step);) diagnosis.add(step);
///
/// Between two calls nothing is locked: a slow reader does not hinder the writer. A file of schema
/// 1 or 2 is read whole by the constructor.
/// Errors  StoreError, as of load_run.
/// Threads One object is used by one thread at a time.
class RunReader {
 public:
  explicit RunReader(const std::string& path, LoadOptions options = {});
  ~RunReader();
  RunReader(RunReader&&) noexcept;

  /// As the run began; where the graph grew, as it is since the last step that was read needed it.
  const RunInfo& info() const;
  std::optional<std::vector<Finding>> findings();
  std::optional<RunEnd> end();
  /// The numbers of the steps whose records the file has, whatever the options say, ascending.
  std::vector<std::int64_t> measured_steps();
  /// The log that belongs beside the file and is not there: a run that was copied while it was
  /// written, or after its program was killed, without PATH-wal lacks its last steps. Nothing where
  /// no log is missing.
  std::optional<std::string> missing_log();

  /// The next step, ascending, into a record whose memory is reused; false after the last one. May
  /// be called again: a run that grows has more by then.
  bool next(StepRecord& step);
  /// A step by its number; false if the run has none. Leaves next() where it was.
  bool read(std::int64_t number, StepRecord& step, bool histograms = true);

 private:
  class Source;
  class FileSource;
  class LegacySource;
  static std::unique_ptr<Source> open(const std::string& path, LoadOptions options, bool whole);
  friend Run load_run(const std::string& path, const LoadOptions& options);
  friend std::vector<StepRecord> load_steps_after(const std::string& path, std::int64_t step,
                                                  const LoadOptions& options);
  std::unique_ptr<Source> source_;
};

/// Reads a whole run, also one that is still being written.
/// Errors  StoreError: no such file; not a run file (a text file, another database); written by
///         a newer schema (both versions named); damaged.
Run load_run(const std::string& path, const LoadOptions& options = {});

/// Reads what came after `step` from a run that grows (live views).
std::vector<StepRecord> load_steps_after(const std::string& path, std::int64_t step,
                                         const LoadOptions& options = {});

/// Whether a run is at the path, of whatever schema, by the first bytes of the file; false where
/// there is nothing or nothing that can be read. Not for a file that this process writes just now.
bool is_run_file(const std::string& path);

/// Replaces the stored findings of a run, which is diagnosed from then on.
/// Errors  StoreError, as of load_run; a finding at a layer or a parameter that the run lacks; a
///         file of an older schema, whose findings are sentences.
void save_findings(const std::string& path, std::span<const Finding> findings);

/// The schema this build writes; a file of a newer one is refused, an older one is read.
inline constexpr int kSchemaVersion = 5;

/// A text as one field of a CSV file (RFC 4180): quoted where it holds a comma, a quote or a line
/// break. One that a spreadsheet would take for a formula (it begins with = + - @ and is no number)
/// gets an apostrophe in front, which spreadsheets do not show.
/// Source  OWASP, "CSV Injection".
std::string csv_field(std::string_view text);

/// The run as JSON (everything, schema in docs/formats.md) or as CSV (one line for each step and
/// site).
std::string export_json(const Run& run);
std::string export_csv(const Run& run);
/// The recurrent layers alone: one line for each measured step, layer, direction and time step.
std::string export_time_csv(const Run& run);

}  // namespace plumb
