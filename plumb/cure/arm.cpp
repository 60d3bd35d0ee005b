// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/arm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/train/baseline.h"
#include "plumb/train/trainer.h"

namespace plumb {

namespace {

const Dataset& judged_by(const CureSplit& data) {
  return data.split.validation.size() >= kFewestHeldOut ? data.split.validation : data.judged;
}

std::optional<Baseline> constant_answer(const Dataset& samples, const std::string& loss) {
  const std::int64_t outputs =
      samples.is_classification() ? samples.classes : samples.y.shape().row_size();
  std::optional<Baseline> answer = best_constant_answer(samples, loss, outputs);
  // Losses are told in the unit of the data.
  const double unit = samples.target_unit;
  if (answer && loss == "mse" && !samples.is_classification()) answer->loss *= unit * unit;
  return answer;
}

double score_of(const Evaluation& end, const CureSplit& data, const std::string& loss) {
  const Dataset& samples = judged_by(data);
  if (samples.is_classification()) return std::isfinite(end.loss) ? end.accuracy : 0;
  const std::optional<Baseline> constant = constant_answer(samples, loss);
  if (!std::isfinite(end.loss) || !constant || !(constant->loss > 0)) return -1;
  return std::max(-1.0, 1 - end.loss / constant->loss);
}

bool any_at(const std::vector<Finding>& findings, Severity least) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.severity >= least && !finding.over;
  });
}

}  // namespace

bool ArmTraining::is_sick() const { return any_at(findings, Severity::critical); }
bool ArmTraining::is_suspect() const {
  return !is_well(outcome) &&
         (outcome != Outcome::too_early || any_at(findings, Severity::warning));
}

std::vector<double> Arm::scores() const {
  std::vector<double> result;
  for (const ArmTraining& training : trainings) result.push_back(training.score);
  return result;
}

double Arm::mean_score() const {
  double sum = 0;
  for (const ArmTraining& training : trainings) sum += training.score;
  return trainings.empty() ? std::numeric_limits<double>::quiet_NaN()
                           : sum / static_cast<double>(trainings.size());
}

double constant_score(const CureSplit& data) {
  const Dataset& samples = judged_by(data);
  if (!samples.is_classification()) return 0;
  return constant_answer(samples, "cross_entropy")->accuracy;
}

std::optional<double> Arm::mean_log2_reach() const {
  double sum = 0;
  int count = 0;
  for (const ArmTraining& training : trainings) {
    if (!training.log2_reach || !std::isfinite(*training.log2_reach)) continue;
    sum += *training.log2_reach;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

ArmTraining train_arm(const TrainConfig& config, std::uint64_t seed, const CureSplit& data,
                      RecordSink* sink, const std::function<bool()>& keep_going) {
  TrainConfig seeded = config;
  seeded.seed = seed;
  seeded.threads = 1;
  Trainer trainer(seeded, data.split);
  const RunInfo info = trainer.info();
  Diagnosis diagnosis(info);
  if (sink != nullptr) sink->begin(info);
  RunEnd end{"finished", 0, 0};
  ArmTraining result;
  result.seed = seed;
  result.finished = true;
  while (!trainer.done()) {
    const StepRecord& step = trainer.step();
    diagnosis.add(step);
    if (sink != nullptr) sink->add(step);
    end.steps = trainer.step_count();
    end.time_s = step.time_s;
    if (keep_going && !keep_going()) {
      end.reason = "interrupted";
      result.finished = trainer.done();
      break;
    }
  }
  if (sink != nullptr) sink->end(end);
  const Evaluation evaluation = trainer.evaluate(judged_by(data));
  result.loss = evaluation.loss;
  result.diverged = !std::isfinite(evaluation.loss);
  result.score = result.finished ? score_of(evaluation, data, info.loss)
                                 : std::numeric_limits<double>::quiet_NaN();
  const auto& measured = diagnosis.view().measured();
  if (!measured.empty() && measured.front().flow.known) {
    result.log2_reach = measured.front().flow.log2_total;
  }
  result.findings = diagnosis.findings();
  result.outcome = diagnosis.outcome();
  return result;
}

}  // namespace plumb
