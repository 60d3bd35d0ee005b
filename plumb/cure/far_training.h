// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "plumb/cure/make_training.h"
#include "plumb/cure/ranks.h"

namespace plumb {

/// A training as a text that another process can make it from.
std::string far_task(const TrainConfig& config, std::uint64_t seed);

/// Trainings on the other ranks of an MPI job (ranks.h), which must outlive it; empty where there
/// are none.
FarTraining trainings_on(Ranks& ranks);

/// What another rank answers: the training of that task, made here from samples that `data_of`
/// gives, as a line of a log.
std::string answer_training(const std::string& task,
                            const std::function<const CureSplit&(const TrainConfig&)>& data_of);

}  // namespace plumb
