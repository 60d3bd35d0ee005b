// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/json_output.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/diagnose/rule.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/ledger_json.h"
#include "plumb/report/magnitude.h"
#include "plumb/report/predicted_flow.h"

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

Json log10_of(double log2_value) { return number(log2_value * kLog10Of2); }

// Measured and predicted flow of each linear layer; null where there is no theory.
Json theory_json(const Run& run) {
  const auto predicted = predict_flow(run);
  if (!predicted) return nullptr;
  const auto profile = flow_profile(run.info, *run.measured().front());
  Json layers = Json::array();
  for (std::size_t i = 0; i < profile.size(); ++i) {
    const theory::ProfilePoint& point = (*predicted)[i];
    layers.push_back(
        {{"path", profile[i].path},
         {"z", {{"measured", log10_of(profile[i].log2_z)}, {"theory", log10_of(point.log2_z)}}},
         {"grad_z",
          {{"measured", log10_of(profile[i].log2_grad_z)},
           {"theory", log10_of(point.log2_grad_z)},
           {"theory_mean", log10_of(point.log2_grad_z_mean)}}},
         {"grad_weight",
          {{"measured", log10_of(profile[i].log2_grad_weight)},
           {"theory", log10_of(point.log2_grad_weight)}}}});
  }
  return {{"step", run.measured().front()->step}, {"log10_rms", layers}};
}

}  // namespace

std::string diagnosis_json(const Run& run, std::span<const Finding> findings,
                           const StepRecord* books) {
  Json list = Json::array();
  for (const Finding& finding : findings) list.push_back(to_json(finding));
  Json result{{"healthy", findings.empty() && !run.measured().empty()},
              {"verdict", verdict(run, findings)},
              {"network", run.info.network},
              {"steps", run.steps.size()},
              {"loss", nullptr},
              {"accuracy", nullptr},
              {"end", run.end ? Json(run.end->reason) : Json(nullptr)},
              {"findings", list},
              {"theory", theory_json(run)}};
  if (!run.steps.empty()) {
    result["loss"] = number(run.steps.back().loss);
    result["accuracy"] = number(run.steps.back().accuracy);
  }
  if (books != nullptr) result["ledger"] = Json::parse(ledger_json(run.info, *books));
  // Text of the user's may hold bytes that are no UTF-8; they must not stop the output.
  return result.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace plumb::cli
