// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plumb/cure/cure.h"

namespace plumb {

/// `count` seeds, from this one on.
std::vector<std::uint64_t> seeds_from(std::uint64_t first, int count);

/// Makes the trainings of one cure, counts them and tells of them.
///
/// Threads One calls; the trainings run on CureOptions::jobs.
class ArmTrainer {
 public:
  /// Both must outlive it.
  ArmTrainer(CureData& data, const CureOptions& options);

  bool goes_on() const { return !options_.keep_going || options_.keep_going(); }
  /// What is being done from now on.
  void say(std::string doing);

  /// Every arm with every seed, side by side, seed by seed, so that what was stopped has pairs.
  /// An arm whose seeds differ in what is trained gives `config_of` (seed: its place in `seeds`).
  void train(const std::vector<Arm*>& arms, const std::vector<std::uint64_t>& seeds,
             const std::function<TrainConfig(const Arm& arm, std::size_t seed)>& config_of = {});
  int trainings() const { return trainings_; }

 private:
  CureData& data_;
  const CureOptions& options_;
  TrainingMaker maker_;
  std::string doing_;
  int trainings_ = 0;
};

}  // namespace plumb
