// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

/// Which factor of the chain rule a step through time is booked under.
enum class TimeCause : std::uint8_t {
  activation_derivative,       ///< plain recurrence: from dLoss/dh_t to dLoss/dz_t
  recurrent_weight_scale,      ///< size of the recurrent weight: log2(sqrt(units) * rms(weight))
  recurrent_weight_alignment,  ///< what it does to this gradient beyond a random one of its size
  gate_carry,                  ///< gated cells: what the direct way along the carry gate keeps
  gate_paths,                  ///< and what the ways through the gates add to it or cancel
  recurrence,                  ///< all of a step whose inner gradients were not recorded
  from_above                   ///< what the layers above add at this time step
};
inline constexpr std::size_t kTimeCauseCount = 7;
std::string_view to_string(TimeCause cause);

/// One line of the books: from a time step to the one before it in the order of the forward pass.
struct TimeLedgerStep {
  std::int64_t t = 0;        ///< the time step that is passed through
  double log2_grad_out = 0;  ///< of the state at t
  double log2_grad_in = 0;   ///< of the state at the step before
  double log2_kept = 0;      ///< of in, without what the layers above add there, to out
  std::array<double, kTimeCauseCount> parts{};  ///< sum to log2_grad_in - log2_grad_out
  double part(TimeCause cause) const { return parts[static_cast<std::size_t>(cause)]; }
};

/// The books of one backward pass through time of one recurrent layer in one direction.
///
/// The state is h or, in an lstm, h and c together: the gradient of a state is the square root of
/// the sum of the squares of rms(dLoss/dh_t) and rms(dLoss/dc_t with h_t held), the latter being
/// what the forget gate of the next step carried back. Both together are the whole of what
/// travels, so the two ways of a step (carry to c, gates to h) add in squares.
///
/// Steps are in backward order, the last time step first (for the reverse direction: time step 0).
/// |total - sum of all parts| <= 1e-9 * max(1, |total|). `kept` is what a gradient of the last step
/// alone would keep: where only the last output is used it is the total.
/// A gradient without a logarithm ends the books: `ends_at` is the time step that has it.
/// Units   log2 throughout, of true magnitudes.
/// Source  The products of Jacobians of Bengio, Simard, Frasconi 1994 and of Pascanu, Mikolov,
///         Bengio 2013, arXiv:1211.5063, measured along the gradient that flows.
struct TimeLedger {
  LayerId layer = kNoLayer;
  bool reverse = false;
  std::int64_t last = -1;  ///< the last time step that the loss sees; -1 if it sees none
  double log2_last = 0;    ///< of the gradient of its state
  double total = 0;        ///< log2 from there to the first state
  double kept = 0;         ///< sum of log2_kept
  std::vector<TimeLedgerStep> steps;
  std::int64_t ends_at = -1;  ///< -1 if the books reach the first step
  bool ends_in_zero = false;  ///< else, where they end, it is not a number or infinite

  double total_of(TimeCause cause) const;
};

/// `step` holds the record, and the sketch of the recurrent weight (ParamUse::recurrent_weight) if
/// it is to be told apart from the gradient's direction.
TimeLedger make_time_ledger(const RunInfo& info, const StepRecord& step, const TimeRecord& record);

/// The time steps of a record in the order of the forward pass: 0, 1, 2 ... or, in reverse, from
/// the end.
std::vector<std::int64_t> time_order(const TimeRecord& record);

/// Of the state (see TimeLedger), by time step of the input: log2.
std::vector<double> state_gradient(const TimeRecord& record);

/// Share of each way in what comes back through the recurrence at one time step: squares of the
/// magnitudes of the carry and of the parts by gate, divided by their sum. Parts of one sum may
/// point against each other; the shares then tell what was sent, not what arrived.
struct TimeShares {
  std::vector<TimeQuantity> ways;           ///< those that the layer recorded
  std::vector<std::vector<double>> shares;  ///< [way][t]; NaN where nothing came
};
TimeShares time_shares(const TimeRecord& record);

}  // namespace plumb
