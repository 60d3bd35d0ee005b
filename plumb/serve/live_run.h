// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/flow/ledger.h"
#include "plumb/serve/thin_series.h"
#include "plumb/serve/writer_state.h"
#include "plumb/store/run_file.h"

namespace plumb::serve {

/// Where a run stands.
enum class Standing : std::uint8_t { running, stalled, cut_off, ended };
std::string_view to_string(Standing standing);  ///< "running", "stalled", "cut off", "ended"

/// A run file, read while it grows: beside its writer, which is never hindered. Keeps numbers in
/// bounded memory and no records.
///
///   LiveRun live("deep.plumb");
///   while (live.poll()) ...
///
/// A finished run that has its findings is read for its metrics and two measured steps alone, and
/// its findings are those stored; a run that grows is diagnosed as its steps come.
/// Errors  StoreError from the constructor and from poll(), as of RunReader.
/// Threads One thread at a time.
class LiveRun {
 public:
  explicit LiveRun(const std::string& path);
  ~LiveRun();
  LiveRun(LiveRun&&) noexcept;

  /// Reads what came since, at most `most_steps` of it; false if there was nothing.
  bool poll(std::int64_t most_steps = 5000);
  /// Has read as many steps as it was told to: there may be more.
  bool is_behind() const { return behind_; }

  const std::string& path() const { return path_; }
  const RunInfo& info() const { return *info_; }
  const std::optional<RunEnd>& end() const { return end_; }
  /// Of the steps so far.
  const std::vector<Finding>& findings() const;
  Outcome outcome() const;
  const Diagnosis& diagnosis() const { return *diagnosis_; }
  /// The verdict in a sentence or two.
  std::string verdict() const;

  std::int64_t steps() const { return steps_; }  ///< how many were read
  const StepRecord& last() const {
    return last_;
  }  ///< its metrics; of no step yet where steps() is 0
  bool saw_nonfinite() const { return saw_nonfinite_; }
  double steps_per_s() const;   ///< of late; NaN where not known
  double seconds_left() const;  ///< until the planned steps are made; NaN where not known
  const ThinSeries& losses() const { return losses_; }
  /// log2 of the gradient's norm at the first layer against that at the last, of each measured
  /// step.
  const ThinSeries& reach() const { return reach_; }
  /// Of the first and the last measured step; empty before.
  const std::vector<FlowPoint>& first_profile() const { return first_profile_; }
  const std::vector<FlowPoint>& last_profile() const { return last_profile_; }
  std::int64_t last_measured() const { return last_measured_; }

 private:
  void add(const StepRecord& step);
  void read_graph();

  std::string path_;
  std::unique_ptr<RunReader> reader_;
  std::unique_ptr<RunInfo> info_;  ///< the diagnosis refers to it
  std::unique_ptr<Diagnosis> diagnosis_;
  std::optional<std::vector<Finding>> stored_;
  std::optional<RunEnd> end_;
  StepRecord next_, last_;
  std::int64_t steps_ = 0;
  bool behind_ = false;
  bool saw_nonfinite_ = false;
  ThinSeries losses_, reach_;
  std::vector<FlowPoint> first_profile_, last_profile_;
  std::int64_t last_measured_ = -1;
  double window_time_s_ = 0;  ///< where the speed of late is taken from
  std::int64_t window_step_ = 0;
  double speed_ = 0;
};

}  // namespace plumb::serve
