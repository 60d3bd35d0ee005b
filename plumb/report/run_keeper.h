// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"

namespace plumb {

/// Diagnoses a run while it passes by, and keeps of it what is shown: the metrics of every step,
/// the records of the first measured step, of the last one, of the last one whose gradients are
/// finite, and of those that `keep` names. So a run of any length is read, or trained, once, in the
/// memory of the steps that it is shown by.
///
///   RunKeeper keeper;
///   run_training(trainer, &keeper, {});
///   std::cout << keeper.table();
///
/// Threads  One thread at a time.
class RunKeeper : public RecordSink {
 public:
  /// Whether the records of a measured step are kept, by its number; empty: no more than the above.
  using Keep = std::function<bool(std::int64_t step)>;

  /// `next` is handed everything on, before; may be null.
  explicit RunKeeper(Keep keep = {}, RecordSink* next = nullptr);

  void begin(const RunInfo& info) override;
  void grow(const RunInfo& info) override;
  void add(const StepRecord& step) override;
  void end(const RunEnd& end) override;

  /// With the findings of the steps so far.
  const Run& run();
  const Diagnosis& diagnosis() const { return *diagnosis_; }
  Diagnosis& diagnosis() { return *diagnosis_; }
  DiagnosedRun diagnosed() const { return {run_.get(), diagnosis_.get(), measured_, {}, {}, {}}; }
  std::string table(const TerminalOptions& options = {}) const;

 private:
  void keep_as(std::optional<std::size_t>& place, std::size_t now);

  Keep keep_;
  RecordSink* next_;
  std::unique_ptr<Run> run_;  ///< the diagnosis refers to it
  std::unique_ptr<Diagnosis> diagnosis_;
  StepRecord spare_;  ///< of which the memory is used again
  std::size_t measured_ = 0;
  std::optional<std::size_t> first_, last_, last_finite_;  ///< places in run_->steps
};

/// True if no gradient with respect to a linear layer's output holds a NaN or an infinity.
bool gradient_is_finite(const StepRecord& step);

}  // namespace plumb
