// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/ledger_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/flow/ledger.h"
#include "plumb/flow/time_ledger.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json entries_json(const std::vector<LedgerEntry>& entries) {
  Json list = Json::array();
  for (const LedgerEntry& entry : entries) {
    Json parts = Json::object();
    for (const LedgerPart& part : entry.parts) parts[to_string(part.cause)] = number(part.log2);
    list.push_back({{"path", entry.path},
                    {"kind", entry.kind},
                    {"log2_grad_out", number(entry.log2_grad_out)},
                    {"log2_grad_in", number(entry.log2_grad_in)},
                    {"attenuation", number(entry.attenuation)},
                    {"parts", std::move(parts)},
                    {"branch", entries_json(entry.branch)},
                    {"shortcut", entries_json(entry.shortcut)},
                    {"gate", entries_json(entry.gate)}});
  }
  return list;
}

Json to_json(const TimeLedgerStep& step) {
  Json parts = Json::object();
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    if (step.parts[i] != 0) parts[to_string(static_cast<TimeCause>(i))] = number(step.parts[i]);
  }
  return {{"t", step.t},
          {"log2_grad_out", number(step.log2_grad_out)},
          {"log2_grad_in", number(step.log2_grad_in)},
          {"log2_kept", number(step.log2_kept)},
          {"parts", std::move(parts)}};
}

Json to_json(const TimeLedger& ledger) {
  Json steps = Json::array();
  for (const TimeLedgerStep& step : ledger.steps) steps.push_back(to_json(step));
  return {{"path", ledger.path},
          {"reverse", ledger.reverse},
          {"last", ledger.last},
          {"log2_last", number(ledger.log2_last)},
          {"total", number(ledger.total)},
          {"kept", number(ledger.kept)},
          {"ends_at", ledger.ends_at},
          {"ends_because", ledger.ends_because},
          {"ends_in_zero", ledger.ends_in_zero},
          {"steps", std::move(steps)}};
}

}  // namespace

std::string ledger_json(const RunInfo& info, const StepRecord& step) {
  const Ledger ledger = make_ledger(info, step);
  Json time = Json::array();
  for (const TimeRecord& record : step.times)
    time.push_back(to_json(make_time_ledger(step, record)));
  return Json{{"step", ledger.step},
              {"log2_loss_gradient", number(ledger.log2_loss_gradient)},
              {"total", number(ledger.total)},
              {"ends_at", ledger.ends_at},
              {"ends_because", ledger.ends_because},
              {"ends_in_zero", ledger.ends_in_zero},
              {"entries", entries_json(ledger.entries)},
              {"time", std::move(time)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace plumb
