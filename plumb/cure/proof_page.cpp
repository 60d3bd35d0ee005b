// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/proof_page.h"

#include <cmath>
#include <string>
#include <utility>

#include "plumb/cure/cure_words.h"
#include "plumb/cure/setting_change.h"

namespace plumb {

namespace {

void add_arm(ReportProof& proof, const char* name, const Arm& arm,
             const PairedDifference* difference) {
  if (arm.trainings.empty()) return;
  ProofArm one;
  one.name = name;
  one.mean = arm.mean_score();
  for (const std::uint64_t seed : proof.seeds) {
    std::optional<double> score;
    for (const ArmTraining& training : arm.trainings) {
      if (training.seed == seed && training.finished && !training.diverged) score = training.score;
    }
    one.scores.push_back(score);
  }
  if (difference != nullptr && difference->pairs >= 2) {
    one.below_cured = {difference->mean, difference->low, difference->high, difference->p};
  }
  proof.arms.push_back(std::move(one));
}

}  // namespace

std::optional<ReportProof> report_proof(const CureReport& report) {
  if (report.proof_cured.trainings.empty()) return std::nullopt;
  ReportProof proof;
  proof.ending = to_string(report.ending);
  proof.text = ending_text(report);
  proof.is_accuracy = report.constant_score > 0;
  proof.constant_score = report.constant_score;
  for (const ArmTraining& training : report.proof_cured.trainings)
    proof.seeds.push_back(training.seed);
  add_arm(proof, "untreated", report.proof_untreated, &report.over_untreated);
  add_arm(proof, "a random change", report.proof_random, &report.over_random);
  add_arm(proof, "the best rate alone", report.proof_rate, &report.over_rate);
  const bool has_cure = report.ending == CureEnding::cured || report.ending == CureEnding::better;
  add_arm(proof, has_cure ? "cured" : "the best change", report.proof_cured, nullptr);
  if (has_cure) {
    for (const SettingChange& one : setting_changes(report.patient, report.cured_config()))
      proof.changes.push_back({one.key, one.before, one.after});
    proof.command = train_command(report.cured_config());
  }
  return proof;
}

}  // namespace plumb
