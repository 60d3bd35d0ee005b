// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/json_output.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/diagnose/rule.h"

namespace plumb::cli {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_json(const Finding& finding) {
  Json evidence = Json::array();
  for (const Evidence& fact : finding.evidence) {
    evidence.push_back({{"quantity", fact.quantity},
                        {"value", number(fact.value)},
                        {"threshold", number(fact.threshold)},
                        {"threshold_source", fact.threshold_source}});
  }
  return {{"rule", finding.rule},           {"severity", to_string(finding.severity)},
          {"path", finding.path},           {"first_step", finding.first_step},
          {"last_step", finding.last_step}, {"symptom", finding.symptom},
          {"cause", finding.cause},         {"consequence", finding.consequence},
          {"remedies", finding.remedies},   {"evidence", evidence}};
}

}  // namespace

std::string diagnosis_json(const Run& run, std::span<const Finding> findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) list.push_back(to_json(finding));
  Json result{{"healthy", findings.empty() && !run.measured().empty()},
              {"verdict", verdict(run, findings)},
              {"network", run.info.network},
              {"steps", run.steps.size()},
              {"loss", nullptr},
              {"accuracy", nullptr},
              {"end", run.end ? Json(run.end->reason) : Json(nullptr)},
              {"findings", list}};
  if (!run.steps.empty()) {
    result["loss"] = number(run.steps.back().loss);
    result["accuracy"] = number(run.steps.back().accuracy);
  }
  // Text of the user's may hold bytes that are no UTF-8; they must not stop the output.
  return result.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace plumb::cli
