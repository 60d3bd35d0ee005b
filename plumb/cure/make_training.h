// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "plumb/cure/arm.h"
#include "plumb/cure/training_log.h"

namespace plumb {

/// A training that another process makes; nothing where none is free just now. May be called from
/// any thread. Its findings are those of a log (training_log.h).
using FarTraining =
    std::function<std::optional<ArmTraining>(const TrainConfig& config, std::uint64_t seed)>;

/// Where trainings are looked up, made, recorded and kept.
struct TrainingMaker {
  TrainingLog* log = nullptr;  ///< null for nowhere
  ArmSink sink;                ///< empty for none
  std::function<bool()> keep_going;
  FarTraining elsewhere;  ///< empty: all are made here
};

/// The training from the log; or made, by another process where one is free and nothing is to be
/// recorded, else here, and added to the log once it is whole. `anew`: made here in any case, with
/// all that was found. One that is not begun any more is not finished and has no score.
/// Errors  as Trainer.
ArmTraining make_training(const TrainingMaker& maker, const std::string& arm,
                          const TrainConfig& config, std::uint64_t seed, const CureSplit& data,
                          bool anew = false);

}  // namespace plumb
