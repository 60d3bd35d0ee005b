// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/planted_fault.h"

#include <utility>

namespace plumb::lab {

namespace {
thread_local PlantedFault* g_planted = nullptr;
}  // namespace

PlantedFault::PlantedFault(Parts parts) : parts_(std::move(parts)), before_(g_planted) {
  g_planted = this;
}

PlantedFault::~PlantedFault() { g_planted = before_; }

void PlantedFault::spoil(Network& network) {
  if (g_planted != nullptr && g_planted->parts_.network) g_planted->parts_.network(network);
}

void PlantedFault::spoil(TrainConfig& config) {
  if (g_planted != nullptr && g_planted->parts_.training) g_planted->parts_.training(config);
}

}  // namespace plumb::lab
