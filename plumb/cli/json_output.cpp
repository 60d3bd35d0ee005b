// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/json_output.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "plumb/core/json_number.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/finding_json.h"
#include "plumb/report/ledger_json.h"
#include "plumb/report/number_text.h"
#include "plumb/report/predicted_flow.h"

namespace plumb::cli {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_number<Json>(value); }

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

namespace {

Json number_or_null(const std::optional<double>& value) { return json_number<Json>(value); }

Json changes_json(const std::vector<CheckedChange>& changes) {
  Json list = Json::array();
  for (const CheckedChange& change : changes) {
    Json settings = Json::object();
    for (const SettingChange& one : change.changes) settings[one.key] = {one.before, one.after};
    Json item = {{"rewrite", change.prescription.rewrite->id},
                 {"check", to_string(change.check)},
                 {"why", change.why},
                 {"finding",
                  change.prescription.finding ? Json(*change.prescription.finding) : Json(nullptr)},
                 {"log2_reach", number_or_null(change.log2_reach)},
                 {"loss", number_or_null(change.loss)},
                 {"accuracy", number_or_null(change.accuracy)},
                 {"settings", std::move(settings)}};
    if (!change.changes.empty()) item["command"] = train_command(change.config);
    list.push_back(std::move(item));
  }
  return list;
}

Json advice_json(const Advice& advice) {
  return {{"steps", advice.steps},
          {"loss", number_or_null(advice.loss)},
          {"accuracy", number_or_null(advice.accuracy)},
          {"log2_reach", number_or_null(advice.log2_reach)},
          {"changes", changes_json(advice.changes)},
          {"dropped", changes_json(advice.dropped)}};
}

}  // namespace

std::string diagnosis_json(const DiagnosedRun& diagnosed, const StepRecord* books,
                           const Advice* advice) {
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
  if (advice != nullptr) result["advice"] = advice_json(*advice);
  if (books != nullptr) result["ledger"] = Json::parse(ledger_json(run.info, *books));
  // Text of the user's may hold bytes that are no UTF-8; they must not stop the output.
  return result.dump(2, ' ', false, Json::error_handler_t::replace);
}

namespace {

Json arm_json(const Arm& arm) {
  Json trainings = Json::array();
  for (const ArmTraining& training : arm.trainings) {
    Json rules = Json::array();
    for (const Finding& finding : training.findings) rules.push_back(finding.rule);
    trainings.push_back({{"seed", training.seed},
                         {"score", number(training.score)},
                         {"loss", number(training.loss)},
                         {"diverged", training.diverged},
                         {"finished", training.finished},
                         {"log2_reach", number_or_null(training.log2_reach)},
                         {"rules", std::move(rules)}});
  }
  return {{"command", train_command(arm.config)}, {"trainings", std::move(trainings)}};
}

Json paired_json(const PairedDifference& difference) {
  return {{"pairs", difference.pairs},
          {"mean", number(difference.mean)},
          {"low", number(difference.low)},
          {"high", number(difference.high)},
          {"p", number(difference.p)}};
}

}  // namespace

std::string cure_json(const CureReport& report) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back(Json::parse(finding_json(report.info, report.findings, finding)));
  }
  Json candidates = Json::array();
  for (const CureCandidate& one : report.candidates) {
    Json item = changes_json({one.change}).front();
    std::vector<std::string_view> more;
    for (const RewriteEntry* const rewrite : one.more) more.push_back(rewrite->id);
    item["more"] = more;
    item["arm"] = arm_json(one.screen);
    candidates.push_back(std::move(item));
  }
  Json result = {{"ending", to_string(report.ending)},
                 {"constant_score", number(report.constant_score)},
                 {"trainings", report.trainings},
                 {"untreated", arm_json(report.untreated)},
                 {"findings", std::move(findings)},
                 {"candidates", std::move(candidates)},
                 {"winner", report.winner ? Json(*report.winner) : Json(nullptr)},
                 {"proof", nullptr},
                 {"search", advice_json(report.search)}};
  if (!report.proof_cured.trainings.empty()) {
    result["proof"] = {{"untreated", arm_json(report.proof_untreated)},
                       {"cured", arm_json(report.proof_cured)},
                       {"random", arm_json(report.proof_random)},
                       {"rate", arm_json(report.proof_rate)},
                       {"random_names", report.random_names},
                       {"over_untreated", paired_json(report.over_untreated)},
                       {"over_random", paired_json(report.over_random)},
                       {"over_rate", paired_json(report.over_rate)}};
  }
  return result.dump(2);
}

}  // namespace plumb::cli
