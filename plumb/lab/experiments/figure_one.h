// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "plumb/lab/experiment.h"
#include "plumb/train/trainer.h"

namespace plumb::lab {

/// Norms of the mean dJ/db of the hidden layers over a training: what figure 1 draws.
struct LearningSpeeds {
  std::vector<double> epochs;
  std::vector<std::vector<double>> norm;  ///< [layer][measured step], layer 1 first

  double first(std::size_t layer) const { return norm[layer].front(); }
  double last(std::size_t layer) const { return norm[layer].back(); }
};

/// The original protocol: all images in one batch, rate 0.1, weight decay 5/1000, binary
/// cross-entropy summed over ten outputs, weights N(0, 1/fan_in), biases N(0, 1).
TrainConfig figure_one_protocol(const Settings& settings, int hidden, std::uint64_t seed);

/// Trains to the planned end.
LearningSpeeds learning_speeds(Trainer& trainer);

/// A trainer of such a training, made anew at each call; a test plants faults in it.
using MakeTrainer = std::function<std::unique_ptr<Trainer>(const TrainConfig& config)>;

/// Holds the first step of the protocol against calculus: the sum of dJ/db of each hidden layer
/// against central differences of the loss, what weight decay takes off the weights (two trainings
/// that differ in nothing else), the size of the update against rate times gradient (nothing is
/// clipped), and fan_in times the variance of the weights against 1.
void hold_first_step(Result& result, const TrainConfig& protocol, const Dataset& images,
                     const MakeTrainer& make);

}  // namespace plumb::lab
