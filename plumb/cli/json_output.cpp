// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/json_output.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/finding_json.h"
#include "plumb/report/ledger_json.h"
#include "plumb/report/magnitude.h"
#include "plumb/report/predicted_flow.h"

namespace plumb::cli {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

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
        {{"path", run.info.layer(profile[i].layer).path},
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

std::string diagnosis_json(const DiagnosedRun& diagnosed, const StepRecord* books) {
  const Run& run = *diagnosed.run;
  const std::vector<Finding>& findings = diagnosed.diagnosis->findings();
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back(Json::parse(finding_json(run.info, findings, finding)));
  }
  const Outcome outcome = diagnosed.diagnosis->outcome();
  const Learning learning = diagnosed.diagnosis->view().learning();
  const bool has_baseline = learning.known && learning.has_baseline;
  Json result{{"healthy", is_well(outcome)},
              {"outcome", to_string(outcome)},
              {"verdict", verdict(*diagnosed.diagnosis)},
              {"network", run.info.network},
              {"steps", run.steps.size()},
              {"loss", nullptr},
              {"accuracy", nullptr},
              {"baseline_loss", has_baseline ? number(learning.reference) : Json(nullptr)},
              {"gained_fraction", has_baseline ? number(learning.gained) : Json(nullptr)},
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
