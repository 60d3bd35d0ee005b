// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "plumb/data/dataset.h"
#include "plumb/nn/graph/network.h"
#include "plumb/train/config.h"

namespace plumb::zoo {

/// What a fault spoils, by which its harm is measured: the loss of the whole part in inference
/// mode.
enum class Measure : std::uint8_t { training_loss, validation_loss };

/// One network with its data and its trainer, drawn from a seed and ready to be trained.
struct Specimen {
  TrainConfig config;
  Split data;
  /// What is done to the weights before the first step; empty for nothing.
  std::function<void(Network&)> surgery;
  /// LayerInfo::depth of the one layer that the fault stands at, of a recurrent one its number
  /// among the recurrent layers; 0 for none.
  int bad_depth = 0;
  Measure measure = Measure::training_loss;
};

}  // namespace plumb::zoo
