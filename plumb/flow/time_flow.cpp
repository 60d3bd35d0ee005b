// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/time_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/flow/line_fit.h"

namespace plumb {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double mean_of_known(const std::vector<float>* values) {
  if (values == nullptr) return kNaN;
  double sum = 0;
  int count = 0;
  for (const float value : *values) {
    if (std::isnan(value)) continue;
    sum += static_cast<double>(value);
    ++count;
  }
  return count > 0 ? sum / count : kNaN;
}

std::vector<GateSummary> gates_of(const TimeRecord& record) {
  std::vector<GateSummary> gates;
  for (const TimeSeries& series : record.series) {
    if (series.statistic != TimeStatistic::mean) continue;
    gates.push_back({series.quantity, mean_of_known(&series.values),
                     mean_of_known(record.find(series.quantity, TimeStatistic::low_fraction)),
                     mean_of_known(record.find(series.quantity, TimeStatistic::high_fraction))});
  }
  return gates;
}

std::vector<WayShare> shares_of(const TimeRecord& record) {
  const TimeShares shares = time_shares(record);
  std::vector<WayShare> result;
  for (std::size_t i = 0; i < shares.ways.size(); ++i) {
    double sum = 0;
    int count = 0;
    for (const double share : shares.shares[i]) {
      if (std::isnan(share)) continue;
      sum += share;
      ++count;
    }
    result.push_back({shares.ways[i], count > 0 ? sum / count : kNaN});
  }
  return result;
}

}  // namespace

TimeScale fit_time_scale(const TimeLedger& ledger) {
  constexpr double kLn2 = 0.69314718055994530942;
  TimeScale scale;
  scale.steps = static_cast<std::int64_t>(ledger.steps.size());
  scale.steps_per_efold = kInfinity;
  std::vector<double> back{0};
  std::vector<double> kept{0};
  for (const TimeLedgerStep& step : ledger.steps) {
    const double next = kept.back() + step.log2_kept;
    if (!std::isfinite(next)) break;
    back.push_back(back.back() + 1);
    kept.push_back(next);
  }
  const LineFit fit = fit_line(back, kept);
  scale.r_squared = fit.r_squared;
  if (std::isnan(fit.slope)) return scale;
  scale.log2_per_step = fit.slope;
  if (fit.slope != 0) scale.steps_per_efold = -1.0 / (fit.slope * kLn2);
  return scale;
}

const GateSummary* TimeFlow::gate(TimeQuantity quantity) const {
  const auto it = std::find_if(gates.begin(), gates.end(),
                               [&](const GateSummary& one) { return one.gate == quantity; });
  return it == gates.end() ? nullptr : &*it;
}

TimeFlow time_flow(const RunInfo& info, const StepRecord& step, const TimeRecord& record) {
  const TimeLedger ledger = make_time_ledger(info, step, record);
  TimeFlow flow;
  flow.layer = record.layer;
  flow.reverse = record.reverse;
  flow.time_steps = record.time_steps;
  flow.units = record.units;
  flow.log2_total = ledger.total;
  flow.log2_kept = ledger.kept;
  flow.steps = static_cast<std::int64_t>(ledger.steps.size());
  flow.scale = fit_time_scale(ledger);
  flow.ends_at = ledger.ends_at;
  double kept = 0;
  bool remembered = true;
  for (const TimeLedgerStep& line : ledger.steps) {
    for (std::size_t i = 0; i < kTimeCauseCount; ++i) flow.parts[i] += line.parts[i];
    kept += line.log2_kept;
    remembered = remembered && kept >= kMemoryLog2;
    if (remembered) ++flow.memory;
    // The layers above go on feeding earlier steps, but nothing of the last one is left.
    if (kept == -kInfinity && !flow.ends_in_zero) {
      flow.ends_in_zero = true;
      flow.ends_at = line.t + (record.reverse ? 1 : -1);
      flow.nothing_comes_back = true;
    }
  }
  flow.memory_is_all = remembered && ledger.ends_at < 0;
  // A gradient that was there and is zero further back has ended on the way.
  if (ledger.ends_in_zero && ledger.last >= 0 && !flow.ends_in_zero) {
    flow.ends_in_zero = true;
    flow.log2_total = flow.log2_kept = -kInfinity;
    flow.steps += 1;
  }
  flow.known = flow.steps > 0;
  flow.gates = gates_of(record);
  flow.shares = shares_of(record);
  return flow;
}

std::string time_end_text(const TimeFlow& flow) {
  if (flow.ends_at < 0) return {};
  if (flow.nothing_comes_back) {
    return fmt::format("nothing comes back from time step {} to the one before",
                       flow.ends_at + (flow.reverse ? -1 : 1));
  }
  return fmt::format("the gradient of the state at time step {} {}", flow.ends_at,
                     flow.ends_in_zero ? "is zero everywhere" : "is not a number");
}

}  // namespace plumb
