// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "plumb/nn/graph/network.h"
#include "plumb/train/config.h"

namespace plumb::lab {

/// A fault of the engine, put in on purpose: an experiment that cannot fail shows nothing. While
/// one lives, each network that an experiment of this thread puts on the bench (BenchNetwork) and
/// each short training (train_briefly) passes through it first. Nobody but a test plants one.
///
/// Threads  Of the thread that planted it alone; the last one planted is in force.
class PlantedFault {
 public:
  struct Parts {
    std::function<void(Network&)> network;       ///< after its initial weights were drawn
    std::function<void(TrainConfig&)> training;  ///< before it begins
  };

  explicit PlantedFault(Parts parts);
  ~PlantedFault();
  PlantedFault(const PlantedFault&) = delete;
  PlantedFault& operator=(const PlantedFault&) = delete;

  static void spoil(Network& network);
  static void spoil(TrainConfig& config);

 private:
  Parts parts_;
  PlantedFault* before_;
};

}  // namespace plumb::lab
