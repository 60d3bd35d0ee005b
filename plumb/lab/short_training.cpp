// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/short_training.h"

#include <cmath>

#include "plumb/flow/ledger.h"
#include "plumb/lab/planted_fault.h"
#include "plumb/train/trainer.h"

namespace plumb::lab {

namespace {

double log2_reach(const RunInfo& info, const StepRecord& record) {
  const auto profile = flow_profile(info, record);
  return profile.front().log2_grad_z - profile.back().log2_grad_z;
}

}  // namespace

Outcome train_briefly(const TrainConfig& asked, const Split& data) {
  TrainConfig config = asked;
  PlantedFault::spoil(config);
  Trainer trainer(config, data);
  PlantedFault::spoil(trainer.network());
  const RunInfo info = trainer.info();
  Outcome outcome;
  while (!trainer.done()) {
    const StepRecord& record = trainer.step();
    if (record.step == 0) {
      outcome.start_loss = record.loss;
      outcome.log2_reach_at_start = log2_reach(info, record);
    }
    if (record.measured) outcome.log2_reach_at_end = log2_reach(info, record);
    const double late = static_cast<double>(config.steps - config.steps * 9 / 10);
    if (record.step >= config.steps * 9 / 10) {
      outcome.late_loss += record.loss / late;
      outcome.late_accuracy += record.accuracy / late;
    }
    if (!std::isfinite(record.loss)) break;
  }
  const Evaluation evaluation = trainer.evaluate(data.train);
  outcome.loss = evaluation.loss;
  outcome.accuracy = evaluation.accuracy;
  return outcome;
}

TrainConfig short_config(std::string network, std::string init, double learning_rate,
                         std::int64_t steps, std::uint64_t seed) {
  TrainConfig config;
  config.network = std::move(network);
  config.init = std::move(init);
  config.bias_init = "zeros";
  config.learning_rate = learning_rate;
  config.optimiser.momentum = 0.9;
  config.clip_norm = 1;
  config.steps = steps;
  config.seed = seed;
  config.validation_fraction = 0;
  config.record = "every=" + std::to_string(steps > 1 ? steps - 1 : 1);
  return config;
}

}  // namespace plumb::lab
