// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "plumb/flow/time_flow.h"
#include "plumb/report/page_json-inl.h"
#include "plumb/report/thin.h"

namespace plumb::page {

namespace {

std::size_t place(std::int64_t t) { return static_cast<std::size_t>(t); }

// What would be there of a gradient of the last step alone, by time step.
std::vector<double> kept_gradient(const TimeRecord& record, const TimeLedger& ledger) {
  std::vector<double> kept(place(record.time_steps), std::numeric_limits<double>::quiet_NaN());
  if (ledger.last < 0) return kept;
  double level = ledger.log2_last;
  kept[place(ledger.last)] = level;
  const std::int64_t towards_first = record.reverse ? 1 : -1;
  for (const TimeLedgerStep& line : ledger.steps) {
    level += line.log2_kept;
    kept[place(line.t + towards_first)] = level;
  }
  return kept;
}

Json time_summary(const TimeFlow& flow) {
  Json parts = Json::object();
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    if (flow.parts[i] != 0) {
      parts[std::string(to_string(static_cast<TimeCause>(i)))] = log10_of(flow.parts[i]);
    }
  }
  return {{"steps", flow.steps},
          {"total", log10_of(flow.log2_total)},
          {"kept", log10_of(flow.log2_kept)},
          {"steps_per_efold", number(flow.scale.steps_per_efold)},
          {"log10_per_step", log10_of(flow.scale.log2_per_step)},
          {"r_squared", rounded(flow.scale.r_squared)},
          {"memory", flow.memory},
          {"memory_is_all", flow.memory_is_all},
          {"ends_because", time_end_text(flow)},
          {"parts", std::move(parts)}};
}

}  // namespace

Json time_json(const RunInfo& info, const StepRecord& step, const TimeRecord& record,
               std::size_t points) {
  const std::vector<std::size_t> picked = thin_out(place(record.time_steps), points);
  const auto column = [&](const auto& values, const auto& convert) {
    Json result = Json::array();
    for (const std::size_t t : picked) {
      result.push_back(t < values.size() ? convert(static_cast<double>(values[t])) : Json());
    }
    return result;
  };
  Json result{{"layer", record.layer},
              {"reverse", record.reverse},
              {"time_steps", record.time_steps},
              {"units", record.units},
              {"t", picked},
              {"summary", time_summary(time_flow(info, step, record))}};
  const std::vector<double> state = state_gradient(record);
  result["gradient"] = column(state, log10_of);
  // A zero has no place on a log axis and is told apart from what was not measured.
  Json& zero = result["zero"] = Json::array();
  for (const std::size_t t : picked) {
    if (std::isinf(state[t]) && state[t] < 0) zero.push_back(t);
  }
  result["kept"] = column(kept_gradient(record, make_time_ledger(info, step, record)), log10_of);
  for (const TimeQuantity quantity :
       {TimeQuantity::grad_h, TimeQuantity::grad_c, TimeQuantity::h, TimeQuantity::c}) {
    if (const auto* values = record.find(quantity)) {
      result[std::string(to_string(quantity))] = column(*values, log10_of);
    }
  }
  Json& gates = result["gates"] = Json::object();
  for (const TimeSeries& series : record.series) {
    if (series.statistic == TimeStatistic::log2_rms) continue;
    gates[std::string(to_string(series.quantity))][std::string(to_string(series.statistic))] =
        column(series.values, rounded);
  }
  const TimeShares shares = time_shares(record);
  Json& ways = result["shares"] = Json::object();
  for (std::size_t i = 0; i < shares.ways.size(); ++i) {
    ways[std::string(to_string(shares.ways[i]))] = column(shares.shares[i], rounded);
  }
  return result;
}

}  // namespace plumb::page
