// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/ledger_json.h"

#include <nlohmann/json.hpp>

#include "plumb/core/json_number.h"
#include "plumb/flow/ledger.h"
#include "plumb/flow/time_ledger.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_number<Json>(value); }

std::string path_of(const RunInfo& info, LayerId layer) {
  return layer == kNoLayer ? std::string() : info.layer(layer).path;
}

Json entries_json(const RunInfo& info, const std::vector<LedgerEntry>& entries) {
  Json list = Json::array();
  for (const LedgerEntry& entry : entries) {
    Json parts = Json::object();
    for (const LedgerPart& part : entry.parts) {
      parts[std::string(to_string(part.cause))] = number(part.log2);
    }
    Json ways = Json::array();
    for (const LedgerWay& way : entry.ways) {
      ways.push_back({{"way", to_string(way.way)},
                      {"main", way.main},
                      {"log2_rms", number(way.log2_rms)},
                      {"share", number(way.share)},
                      {"entries", entries_json(info, way.entries)}});
    }
    list.push_back({{"path", path_of(info, entry.layer)},
                    {"kind", info.layer(entry.layer).kind},
                    {"log2_grad_out", number(entry.log2_grad_out)},
                    {"log2_grad_in", number(entry.log2_grad_in)},
                    {"attenuation", number(entry.attenuation)},
                    {"parts", std::move(parts)},
                    {"ways", std::move(ways)}});
  }
  return list;
}

Json to_json(const TimeLedgerStep& step) {
  Json parts = Json::object();
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    if (step.parts[i] != 0)
      parts[std::string(to_string(static_cast<TimeCause>(i)))] = number(step.parts[i]);
  }
  return {{"t", step.t},
          {"log2_grad_out", number(step.log2_grad_out)},
          {"log2_grad_in", number(step.log2_grad_in)},
          {"log2_kept", number(step.log2_kept)},
          {"parts", std::move(parts)}};
}

Json to_json(const RunInfo& info, const TimeLedger& ledger) {
  Json steps = Json::array();
  for (const TimeLedgerStep& step : ledger.steps) steps.push_back(to_json(step));
  return {{"path", path_of(info, ledger.layer)},
          {"reverse", ledger.reverse},
          {"last", ledger.last},
          {"log2_last", number(ledger.log2_last)},
          {"total", number(ledger.total)},
          {"kept", number(ledger.kept)},
          {"ends_at", ledger.ends_at},
          {"ends_in_zero", ledger.ends_in_zero},
          {"steps", std::move(steps)}};
}

}  // namespace

std::string ledger_json(const RunInfo& info, const StepRecord& step) {
  const Ledger ledger = make_ledger(info, step);
  Json time = Json::array();
  for (const TimeRecord& record : step.times)
    time.push_back(to_json(info, make_time_ledger(info, step, record)));
  return Json{{"step", ledger.step},
              {"log2_loss_gradient", number(ledger.log2_loss_gradient)},
              {"total", number(ledger.total)},
              {"ends_at", path_of(info, ledger.ends_at)},
              {"ends_because", end_text(ledger)},
              {"ends_in_zero", ledger.ends_in_zero()},
              {"entries", entries_json(info, ledger.entries)},
              {"time", std::move(time)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace plumb
