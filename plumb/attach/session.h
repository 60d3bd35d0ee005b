// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plumb/observe/record_schedule.h"
#include "plumb/observe/recorder.h"
#include "plumb/record/run.h"
#include "plumb/report/run_keeper.h"
#include "plumb/store/run_file.h"

namespace plumb {

/// What an attach is asked to do.
struct SessionOptions {
  std::string path;            ///< of the run file
  std::string record = "log";  ///< which steps are measured: see RecordSchedule
  std::int64_t start = 0;      ///< no step before it is measured; the schedule counts from it
  std::int64_t planned_steps = 0;
};

/// A training of somebody else's framework, watched: what an attach holds, whatever the framework.
///
/// It differs from a Monitor in two ways. The graph may be found out while the first measured step
/// is under way, since a framework shows it only by computing: layers are added to draft() in any
/// order, also between a Recorder's begin and finish, and their edges are filled in before the step
/// ends. And whether a step is measured may be decided by the caller, as a budget does.
///
/// A run whose gradients turn out to be in float16, since some are its smallest number and none
/// lies below, says so among its settings from then on (RunInfo::has_half_gradients).
///
/// How to use:
///
///   Session session({.path = "watched.plumb"});
///   session.draft() = info;  // or filled while the first step computes
///   for (std::int64_t i = 0; i < steps; ++i) {
///     if (session.begin_step(i)) session.recorder().output(fc1, z);
///     session.record().loss = loss;
///     session.end_step();
///   }
///   session.end("finished");
///
/// Errors  StoreError from the constructor when the file cannot be created. UsageError for a step
///         within a step, steps that do not ascend, a graph that is none.
/// Threads Use one object from one thread at a time; the file is written by a thread of its own.
class Session {
 public:
  explicit Session(const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The graph and what else is known, to be filled in and to grow at its ends. Published when a
  /// step ends after touch().
  RunInfo& draft() { return draft_; }
  /// The draft has changed.
  void touch() { changed_ = true; }

  /// Whether the schedule wants the step.
  bool is_due(std::int64_t step) const;
  /// Begins a step, measured where is_due() or `measure` says so.
  bool begin_step(std::int64_t step, std::optional<bool> measure = {});
  bool in_step() const { return open_ != nullptr; }
  /// The step that is open is measured: recorder() may be told.
  bool is_measuring() const { return open_ == &measured_; }
  Recorder& recorder() { return recorder_; }
  /// Of the open step.
  StepRecord& record();
  void end_step();
  /// Forgets the open step.
  void drop_step();

  /// The run is over, and the file complete. Idempotent. Errors: StoreError if writing failed.
  void end(const std::string& reason);
  bool has_ended() const { return ended_; }
  std::int64_t steps() const { return last_step_ + 1; }

  const std::string& path() const { return options_.path; }
  /// With findings, and the records of a few steps: see RunKeeper.
  const Run& run();
  const Diagnosis& diagnosis();
  std::string table(const TerminalOptions& options);
  /// Seconds of the processor that writing the file has taken so far, in its own thread.
  double writing_s() const { return writer_->writing_s(); }
  /// Why the file is not being written, if it is not.
  std::optional<std::string> error() const { return writer_->error(); }

 private:
  void publish();

  SessionOptions options_;
  RecordSchedule schedule_;
  RunInfo draft_;
  Recorder recorder_;
  std::unique_ptr<RunWriter> writer_;
  RunKeeper keeper_;
  StepRecord measured_, unmeasured_;
  StepRecord* open_ = nullptr;
  std::int64_t last_step_ = -1;
  bool changed_ = true, begun_ = false, ended_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace plumb
