// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/diagnose/depth_flow.h"
#include "plumb/diagnose/zero_start.h"
#include "plumb/flow/ledger.h"
#include "plumb/flow/time_flow.h"
#include "plumb/record/run.h"

namespace plumb {

/// A run with its books: what every rule reads. Ledgers, profiles and depth scales are made once,
/// one for each measured step, in the order of run.measured().
class RunView {
 public:
  explicit RunView(const Run& run);
  explicit RunView(const Run&&) = delete;  ///< would dangle
  const Run& run() const { return run_; }
  const std::vector<const StepRecord*>& measured() const { return measured_; }
  const std::vector<Ledger>& ledgers() const { return ledgers_; }
  const std::vector<std::vector<FlowPoint>>& profiles() const { return profiles_; }
  const std::vector<DepthScale>& depth_scales() const { return depth_scales_; }
  const std::vector<DepthFlow>& flows() const { return flows_; }
  const std::vector<WakingLayers>& waking() const { return waking_; }
  /// Of each recurrent layer and direction, in the order of the step's records.
  const std::vector<std::vector<TimeFlow>>& times() const { return times_; }

 private:
  const Run& run_;
  std::vector<const StepRecord*> measured_;
  std::vector<Ledger> ledgers_;
  std::vector<std::vector<FlowPoint>> profiles_;
  std::vector<DepthScale> depth_scales_;
  std::vector<WakingLayers> waking_;
  std::vector<DepthFlow> flows_;
  std::vector<std::vector<TimeFlow>> times_;
};

/// One kind of problem. A rule's own header says the symptom, what is measured, the threshold and
/// where it comes from, the known false alarms and the advice.
using RuleCheck = void (*)(const RunView& run, std::vector<Finding>& findings);

struct RuleEntry {
  std::string_view id;       ///< "vanishing_gradient"
  std::string_view summary;  ///< one line for --help and the docs
  RuleCheck check;
};

/// All rules, in the order in which their findings are listed among equals (rule_table.cpp).
std::span<const RuleEntry> rule_table();

/// Runs every rule; the worst finding first. An empty result is the verdict "healthy".
/// Errors  None for a run without measured steps: the result is empty.
std::vector<Finding> diagnose(const Run& run);

/// The verdict in plain words, two or three sentences: what is wrong, where, why, and what it means
/// for learning; or that nothing was found and what was looked at.
std::string verdict(const Run& run, std::span<const Finding> findings);

}  // namespace plumb
