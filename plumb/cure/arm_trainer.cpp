// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/arm_trainer.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

#include "plumb/cure/tasks.h"

namespace plumb {

std::vector<std::uint64_t> seeds_from(std::uint64_t first, int count) {
  std::vector<std::uint64_t> seeds;
  for (int i = 0; i < count; ++i) seeds.push_back(first + static_cast<std::uint64_t>(i));
  return seeds;
}

ArmTrainer::ArmTrainer(CureData& data, const CureOptions& options)
    : data_(data),
      options_(options),
      maker_{options.log, options.sink, options.keep_going, options.elsewhere} {}

void ArmTrainer::say(std::string doing) {
  doing_ = std::move(doing);
  if (options_.progress) options_.progress({doing_, 0, 0});
}

void ArmTrainer::train(
    const std::vector<Arm*>& arms, const std::vector<std::uint64_t>& seeds,
    const std::function<TrainConfig(const Arm& arm, std::size_t seed)>& config_of) {
  const std::size_t before = arms.empty() ? 0 : arms.front()->trainings.size();
  for (Arm* const arm : arms) arm->trainings.resize(before + seeds.size());
  const std::size_t all = arms.size() * seeds.size();
  // The search begins with what the very first training found, of which a log keeps names alone.
  const bool is_first = trainings_ == 0;
  std::atomic<std::size_t> done{0};
  run_tasks(all, options_.jobs, [&](std::size_t task) {
    Arm& arm = *arms[task % arms.size()];
    const std::size_t i = task / arms.size();
    const TrainConfig config = config_of ? config_of(arm, i) : arm.config;
    arm.trainings[before + i] =
        make_training(maker_, arm.name, config, seeds[i], data_.of(config), is_first && task == 0);
    if (options_.progress) options_.progress({doing_, ++done, all});
  });
  // Ctrl-C leaves some unmade.
  for (const Arm* const arm : arms) {
    trainings_ += static_cast<int>(
        std::count_if(arm->trainings.begin() + static_cast<std::ptrdiff_t>(before),
                      arm->trainings.end(), [](const ArmTraining& one) { return one.finished; }));
  }
}

}  // namespace plumb
