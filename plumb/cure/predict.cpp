// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/predict.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/report/predicted_flow.h"
#include "plumb/train/trainer.h"

namespace plumb {

namespace {

std::optional<double> reach_of(const DepthFlow& flow) {
  if (!flow.known) return std::nullopt;
  return flow.log2_total;
}

/// From the gradients of the chain's ends to the norms of one sample's.
std::optional<double> reach_by_theory(const RunInfo& info, const StepRecord& step) {
  const auto points = predict_flow(info, step);
  if (!points || points->size() < 2) return std::nullopt;
  const auto profile = flow_profile(info, step);
  if (profile.size() != points->size()) return std::nullopt;
  const double widths = std::log2(static_cast<double>(profile.front().units) /
                                  static_cast<double>(profile.back().units));
  return points->front().log2_grad_z - points->back().log2_grad_z + widths / 2;
}

Severity severity_of(const Prediction& prediction, const std::string& rule) {
  Severity worst = Severity::note;
  for (const Finding& finding : prediction.findings) {
    if (finding.rule == rule) worst = std::max(worst, finding.severity);
  }
  return worst;
}

}  // namespace

Prediction predict(const TrainConfig& config, const Split& data) {
  Prediction result;
  try {
    TrainConfig measured = config;
    measured.record = "log";
    Trainer trainer(measured, data);
    result.info = trainer.info();
    result.info.kind = "probe";
    const StepRecord& step = trainer.probe();
    Diagnosis diagnosis(result.info);
    diagnosis.add(step);
    result.findings = diagnosis.findings();
    result.loss = step.loss;
    result.gradient_norm = step.grad_norm;
    if (!diagnosis.view().measured().empty()) {
      result.log2_reach = reach_of(diagnosis.view().measured().back().flow);
    }
    result.log2_reach_by_theory = reach_by_theory(result.info, step);
    for (const SignalRecord& signal : step.signals) {
      if (std::isfinite(signal.similarity)) result.similarity = signal.similarity;
    }
  } catch (const std::exception& error) {
    result.problem = error.what();
    result.error = std::current_exception();
  }
  return result;
}

std::vector<std::string> new_rules(const Prediction& before, const Prediction& after,
                                   Severity least) {
  std::vector<std::string> rules;
  for (const Finding& finding : after.findings) {
    if (finding.severity < least || finding.is_explained()) continue;
    if (severity_of(before, finding.rule) >= finding.severity) continue;
    if (std::find(rules.begin(), rules.end(), finding.rule) == rules.end()) {
      rules.push_back(finding.rule);
    }
  }
  return rules;
}

}  // namespace plumb
