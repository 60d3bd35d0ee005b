// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/data/dataset.h"
#include "plumb/train/config.h"

namespace plumb::lab {

/// What a training came to.
struct Outcome {
  double start_loss = 0;  ///< of the first batch
  double loss = 0;        ///< over all training samples at the end; NaN where it diverged
  double accuracy = 0;    ///< likewise
  /// Means over the batches of the last tenth of the steps, as training saw them: with batch
  /// normalisation the statistics of inference lag behind weights that move fast.
  double late_loss = 0;
  double late_accuracy = 0;
  /// log2 of rms dJ/dz of the first linear layer over that of the last: in the first step, and in
  /// the last measured one.
  double log2_reach_at_start = 0;
  double log2_reach_at_end = 0;
};

/// Trains to the planned end and evaluates on the data that it trained on: what is asked here is
/// whether a network can be trained, not how well it generalises.
Outcome train_briefly(const TrainConfig& config, const Split& data);

/// The configuration that the experiments on trainability share: images of ten classes,
/// gradient descent with momentum 0.9, clipped at norm 1 so that an exploding start is not the end,
/// biases at zero, the first and last step measured.
TrainConfig short_config(std::string network, std::string init, double learning_rate,
                         std::int64_t steps, std::uint64_t seed);

}  // namespace plumb::lab
