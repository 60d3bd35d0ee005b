// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plumb/flow/time_ledger.h"

namespace plumb {

/// Steps per e-fold of the gradient through time, fitted by least squares over the steps of the
/// books on what is kept (TimeLedgerStep::log2_kept, added up from the last step).
struct TimeScale {
  double steps_per_efold = 0;  ///< > 0: shrinks towards the first step; < 0: grows; inf: flat
  double log2_per_step = 0;    ///< negative is a loss
  double r_squared = 0;        ///< of the straight line; NaN with fewer than 3 points
  std::int64_t steps = 0;      ///< of the books
};
TimeScale fit_time_scale(const TimeLedger& ledger);

/// A gate over the whole sequence: averages over the time steps that recorded it.
struct GateSummary {
  TimeQuantity gate = TimeQuantity::h;
  double mean = 0;
  double low_fraction = 0;
  double high_fraction = 0;
};

struct WayShare {
  TimeQuantity way = TimeQuantity::grad_h_by_carry;
  double share = 0;  ///< 0..1, averaged over the time steps at which something came back
};

/// The flow through time of one layer, in one direction, at one step of the training, in a few
/// numbers: what tables and rules read.
struct TimeFlow {
  LayerId layer = kNoLayer;
  bool reverse = false;
  std::int64_t time_steps = 0;
  std::int64_t units = 0;
  bool known = false;          ///< the books have a step at least
  double log2_total = 0;       ///< of the gradient, from the last state to the first
  double log2_kept = 0;        ///< of it that comes from the last state alone; -infinity if it ends
  std::int64_t steps = 0;      ///< passed through on the way
  std::int64_t memory = 0;     ///< steps back at which kMemoryLog2 is still kept
  bool memory_is_all = false;  ///< it is kept back to the first step
  TimeScale scale;
  std::array<double, kTimeCauseCount> parts{};  ///< totals by cause, as far as the books reach
  std::int64_t ends_at = -1;
  bool ends_in_zero = false;
  bool nothing_comes_back =
      false;                       ///< of an end in zero: the layers above feed the steps before it
  std::vector<GateSummary> gates;  ///< and h of a plain tanh recurrence
  std::vector<WayShare> shares;

  double part(TimeCause cause) const { return parts[static_cast<std::size_t>(cause)]; }
  double log2_per_step() const { return steps > 0 ? log2_kept / static_cast<double>(steps) : 0; }
  const GateSummary* gate(TimeQuantity quantity) const;
};
TimeFlow time_flow(const RunInfo& info, const StepRecord& step, const TimeRecord& record);

/// Why its books end: "the gradient of the state at time step 2 is zero everywhere"; empty where
/// they do not.
std::string time_end_text(const TimeFlow& flow);

/// A gradient is remembered while it keeps a hundredth of its size: the factor of the rules.
inline constexpr double kMemoryLog2 = -6.644;

}  // namespace plumb
