// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/observe/record_schedule.h"
#include "plumb/observe/recorder.h"
#include "plumb/record/run.h"

namespace plumb {

/// What a Monitor is asked to do.
struct MonitorOptions {
  std::string record = "log";  ///< which steps are measured: see RecordSchedule
  /// Gets every record as it is made, and the end; must live as long as the monitor.
  RecordSink* sink = nullptr;
  bool keep_steps = true;  ///< for run(): about 500 bytes for each tensor of a measured step
};

/// How far the gradient reaches through the depth of the network in one measured step.
struct Reach {
  /// log2 of the norm of one sample's gradient at the first linear layer to that at the last: 0 for
  /// a gradient that arrives whole, -10 for a thousandth of it, -infinity for none.
  double log2 = 0;
  int linear_layers = 0;       ///< crossed on the way
  LayerId ends_at = kNoLayer;  ///< where a gradient that does not arrive ends

  double log2_per_layer() const { return linear_layers > 0 ? log2 / linear_layers : 0; }
};

/// A training loop of one's own, watched: which steps are due, their records, where they go, and
/// what they mean, at any time.
///
/// How to use:
///
///   Monitor monitor(info, {.record = "every=10"});
///   for (std::int64_t i = 0; i < steps; ++i) {
///     Monitor::Step step = monitor.step(i);
///     Recorder* const recorder = step.recorder();  // null where the step is not due
///     if (recorder != nullptr) recorder->output(fc1, z);
///     step.loss(loss);
///   }
///   for (const Finding& finding : monitor.findings()) std::puts(finding.rule.c_str());
///
/// A Step that is not due costs a comparison; its loss is recorded all the same where it is given.
/// The record is complete when the Step ends. A Step that an exception leaves is dropped.
///
/// Errors  UsageError for a graph that is none (LayerGraph), for a step within a step and for steps
///         that do not ascend. What the sink throws as a Step is destroyed comes out of the next
///         call of step() or end(); Step::end() throws it at once.
/// Threads Use one object from one thread at a time.
class Monitor {
 public:
  /// `info`: the graph and what else is known; its planned_steps make the last step due too.
  explicit Monitor(RunInfo info, const MonitorOptions& options = {});
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// The scope of one training step.
  class Step {
   public:
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step();

    /// Whether the step is measured.
    explicit operator bool() const { return is_due_; }
    /// Takes the tensors; null where the step is not measured.
    Recorder* recorder() const { return is_due_ ? &monitor_.recorder_ : nullptr; }

    void loss(double value);
    void accuracy(double fraction);
    void learning_rate(double value);
    void epoch(std::int64_t index);
    void gradient_norm(double value);  ///< else that of the gradients that the recorder was given
    void clip_factor(double value);
    void validation(double loss, std::optional<double> accuracy = {});
    /// The gradients were dropped, as by a loss scale that overflowed: nothing was updated.
    void skipped();
    /// The record as it is, for what has no word here.
    StepRecord& record();
    /// Ends the scope before its closing brace.
    void end();

   protected:
    friend class Monitor;
    Step(Monitor& monitor, std::int64_t index) : monitor_(monitor), is_due_(monitor.open(index)) {}

   private:
    Monitor& monitor_;
    bool is_due_;
    bool is_recorded_ = false;  ///< something, of a step that is not due
    bool is_open_ = true;
    int exceptions_ = std::uncaught_exceptions();
  };
  Step step(std::int64_t index) { return {*this, index}; }
  bool is_due(std::int64_t index) const;

  /// The run is over: "finished", "interrupted", "diverged".
  void end(const std::string& reason = "finished");
  /// The graph has more layers, blocks or parameters at its end than before. Not within a step.
  void grow(const RunInfo& info);

  /// Of the last measured step; absent while nothing can be said.
  std::optional<Reach> reach() const;
  /// Of all steps so far, the worst first.
  const std::vector<Finding>& findings() const { return diagnosis_.findings(); }
  const Diagnosis& diagnosis() const { return diagnosis_; }
  const RunInfo& info() const { return run_.info; }
  /// That of every Step that is due: for an adapter that is made once.
  Recorder& recorder() { return recorder_; }
  /// With the steps so far, where they are kept, and the findings.
  const Run& run();

 private:
  /// Begins a step; whether it is due.
  bool open(std::int64_t index);
  void close(Step& step);
  void deliver(const StepRecord& record);
  void rethrow();

  MonitorOptions options_;
  Run run_;
  RecordSchedule schedule_;
  Recorder recorder_;
  Diagnosis diagnosis_;
  StepRecord measured_;    ///< its vectors are reused
  StepRecord unmeasured_;  ///< metrics alone
  StepRecord* open_ = nullptr;
  std::int64_t last_step_ = -1;
  std::exception_ptr failed_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace plumb
