// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/time_ledger.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/core/names.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log2 sqrt(2^2a + 2^2b), for any a and b.
double join(double a, double b) {
  const double larger = std::max(a, b);
  const double smaller = std::min(a, b);
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (std::isinf(larger) || std::isinf(smaller)) return larger;
  return larger + 0.5 * std::log2(1 + std::exp2(2 * (smaller - larger)));
}

/// The series of one record, by time step.
class Readings {
 public:
  explicit Readings(const TimeRecord& record) : record_(record) {}

  bool has(TimeQuantity quantity) const { return record_.find(quantity) != nullptr; }
  double at(TimeQuantity quantity, std::int64_t t) const {
    const std::vector<float>* values = record_.find(quantity);
    const auto place = static_cast<std::size_t>(t);
    return values != nullptr && place < values->size() ? static_cast<double>((*values)[place])
                                                       : kNaN;
  }

 private:
  const TimeRecord& record_;
};

double recurrent_scale(const RunInfo& info, const StepRecord& step, const TimeRecord& record) {
  const ParamId weight = info.find_param(record.layer, ParamUse::recurrent_weight, record.reverse);
  if (weight == kNoParam) return kNaN;
  return log2_rms_or_nan(step.find(Site::param(weight, Role::weight))) +
         0.5 * std::log2(static_cast<double>(record.units));
}

class Bookkeeper {
 public:
  Bookkeeper(const TimeRecord& record, double recurrent_scale)
      : readings_(record),
        scale_(recurrent_scale),
        has_cell_(readings_.has(TimeQuantity::grad_c)) {}

  /// Of the whole state at t; `next` is the step after it, or -1.
  double state(std::int64_t t, std::int64_t next) const {
    return join(readings_.at(TimeQuantity::grad_h, t), carried_to_cell(next));
  }

  TimeLedgerStep book(std::int64_t t, std::int64_t before, double out, double in) const {
    TimeLedgerStep line;
    line.t = t;
    line.log2_grad_out = out;
    line.log2_grad_in = in;
    // Without the part told apart, what the layers above add counts as kept: right where they use
    // the last output alone.
    const double back =
        readings_.has(TimeQuantity::grad_h_by_recurrence)
            ? join(readings_.at(TimeQuantity::grad_h_by_recurrence, t), carried_to_cell(t))
            : state(before, t);
    line.log2_kept = back - out;
    // Where nothing came back, what is there is from above, and the whole is booked there.
    if (!std::isfinite(back)) {
      put(line, TimeCause::from_above, in - out);
      return line;
    }
    put(line, TimeCause::from_above, in - back);
    const double grad_z = readings_.at(TimeQuantity::grad_z, t);
    const double carry = readings_.at(TimeQuantity::grad_h_by_carry, t);
    if (std::isfinite(grad_z)) {
      put(line, TimeCause::activation_derivative, grad_z - out);
      const double weight = back - grad_z;
      const double scale = std::isfinite(scale_) ? scale_ : weight;
      put(line, TimeCause::recurrent_weight_scale, scale);
      put(line, TimeCause::recurrent_weight_alignment, weight - scale);
    } else if (std::isfinite(carry)) {
      put(line, TimeCause::gate_carry, carry - out);
      put(line, TimeCause::gate_paths, back - carry);
    } else {
      put(line, TimeCause::recurrence, back - out);
    }
    return line;
  }

 private:
  static void put(TimeLedgerStep& line, TimeCause cause, double log2) {
    line.parts[static_cast<std::size_t>(cause)] = log2;
  }

  double carried_to_cell(std::int64_t through) const {
    return has_cell_ && through >= 0 ? readings_.at(TimeQuantity::grad_h_by_carry, through)
                                     : -kInfinity;
  }

  Readings readings_;
  double scale_;
  bool has_cell_;
};

constexpr std::string_view kCauseNames[] = {"activation_derivative",
                                            "recurrent_weight_scale",
                                            "recurrent_weight_alignment",
                                            "gate_carry",
                                            "gate_paths",
                                            "recurrence",
                                            "from_above"};
static_assert(std::size(kCauseNames) == kTimeCauseCount);

}  // namespace

std::string_view to_string(TimeCause cause) { return name_of(cause, kCauseNames); }

double TimeLedger::total_of(TimeCause cause) const {
  double sum = 0;
  for (const TimeLedgerStep& step : steps) sum += step.part(cause);
  return sum;
}

std::vector<double> state_gradient(const TimeRecord& record) {
  const std::vector<std::int64_t> order = time_order(record);
  const Bookkeeper books(record, kNaN);
  std::vector<double> result(order.size(), kNaN);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::int64_t next = k + 1 < order.size() ? order[k + 1] : -1;
    result[static_cast<std::size_t>(order[k])] = books.state(order[k], next);
  }
  return result;
}

std::vector<std::int64_t> time_order(const TimeRecord& record) {
  std::vector<std::int64_t> order;
  for (std::int64_t k = 0; k < record.time_steps; ++k) {
    order.push_back(record.reverse ? record.time_steps - 1 - k : k);
  }
  return order;
}

TimeLedger make_time_ledger(const RunInfo& info, const StepRecord& step, const TimeRecord& record) {
  TimeLedger ledger;
  ledger.layer = record.layer;
  ledger.reverse = record.reverse;
  std::vector<std::int64_t> order = time_order(record);
  if (order.empty()) return ledger;
  const Bookkeeper books(record, recurrent_scale(info, step, record));
  double out = books.state(order.back(), -1);
  // Steps behind the last one that the loss sees have no gradient, and nothing to be booked.
  while (order.size() > 1 && out == -kInfinity) {
    order.pop_back();
    out = books.state(order.back(), -1);
  }
  ledger.log2_last = out;
  const auto ends = [&](std::int64_t t, double log2) {
    ledger.ends_at = t;
    ledger.ends_in_zero = log2 == -kInfinity;
  };
  if (!std::isfinite(out)) {
    ends(order.back(), out);
    return ledger;
  }
  ledger.last = order.back();
  for (std::size_t k = order.size() - 1; k > 0; --k) {
    const double in = books.state(order[k - 1], order[k]);
    if (!std::isfinite(in)) {
      ends(order[k - 1], in);
      break;
    }
    ledger.steps.push_back(books.book(order[k], order[k - 1], out, in));
    ledger.kept += ledger.steps.back().log2_kept;
    out = in;
  }
  ledger.total = out - ledger.log2_last;
  return ledger;
}

TimeShares time_shares(const TimeRecord& record) {
  TimeShares result;
  std::vector<const std::vector<float>*> parts;
  for (std::size_t q = 0; q < kTimeQuantityCount; ++q) {
    const auto quantity = static_cast<TimeQuantity>(q);
    const bool is_way =
        quantity >= TimeQuantity::grad_h_by_carry && quantity != TimeQuantity::grad_h_by_recurrence;
    const std::vector<float>* values = is_way ? record.find(quantity) : nullptr;
    if (values == nullptr) continue;
    result.ways.push_back(quantity);
    parts.push_back(values);
  }
  const auto count = static_cast<std::size_t>(record.time_steps);
  result.shares.assign(parts.size(), std::vector<double>(count, kNaN));
  for (std::size_t t = 0; t < count; ++t) {
    double all = -kInfinity;
    for (const auto* values : parts) all = join(all, static_cast<double>((*values)[t]));
    if (!std::isfinite(all)) continue;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      result.shares[i][t] = std::exp2(2 * (static_cast<double>((*parts[i])[t]) - all));
    }
  }
  return result;
}

}  // namespace plumb
