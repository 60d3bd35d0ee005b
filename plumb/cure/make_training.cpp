// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/make_training.h"

#include <limits>
#include <utility>

namespace plumb {

ArmTraining make_training(const TrainingMaker& maker, const std::string& arm,
                          const TrainConfig& config, std::uint64_t seed, const CureSplit& data,
                          bool anew) {
  const std::string key = maker.log != nullptr ? training_key(config, seed, data) : std::string();
  if (maker.log != nullptr && !anew) {
    if (auto known = maker.log->find(key)) return *std::move(known);
  }
  if (maker.keep_going && !maker.keep_going()) {
    ArmTraining none;
    none.seed = seed;
    none.score = std::numeric_limits<double>::quiet_NaN();
    return none;
  }
  std::optional<ArmTraining> training;
  if (maker.elsewhere && !maker.sink && !anew) training = maker.elsewhere(config, seed);
  if (!training) {
    const auto sink = maker.sink ? maker.sink(arm, seed) : nullptr;
    training = train_arm(config, seed, data, sink.get(), maker.keep_going);
  }
  if (maker.log != nullptr && training->finished) maker.log->add(key, arm, *training);
  return *std::move(training);
}

}  // namespace plumb
