// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "plumb/lab/bench_network.h"

namespace plumb::lab {

/// A network that anyone can make again in any language, for numbers computed by other programs: 16
/// inputs, 20 hidden layers of 16 units, 4 outputs, 8 samples, cross-entropy against the classes 0,
/// 1, 2, 3, 0, ...
///
/// All numbers come from x <- (1103515245 x + 12345) mod 2^31, u = x / 2^31, from x = 7: the inputs
/// 2u - 1, then for each layer the weights (2u - 1) gain sqrt(3 / fan_in), row by row, and one draw
/// each for its biases, which are zero.
struct DeepFixture {
  explicit DeepFixture(const std::string& activation = "sigmoid", double gain = 1);
  Target target() const { return {labels, {}}; }

  BenchNetwork network;
  std::vector<std::int32_t> labels;

  /// What PyTorch 1.13 computes for the sigmoid one in double: loss, norms of dJ/dW_1 and dJ/dW_21.
  static constexpr double kLoss = 1.46565791822206;
  static constexpr double kFirstGradientNorm = 3.037234999929e-13;
  static constexpr double kLastGradientNorm = 3.686194005613e-1;
};

/// A recurrent network of the same kind: 30 steps, 3 samples, 2 inputs, 6 hidden units, 2 outputs
/// at the last step, half the squared distance to a target. From x = 11, in this order: inputs
/// [step, sample, input] and targets (2u - 1), W_ih (2u - 1) sqrt(3/2), W_hh (2u - 1) sqrt(3/6),
/// one bias (2u - 1) / 10, the output weights (2u - 1) sqrt(3/6); the LSTM's forget biases are
/// raised by `forget_bias`.
struct RecurrentFixture {
  explicit RecurrentFixture(const std::string& layer, double forget_bias = 0);
  Target target() const { return {{}, wanted.view()}; }

  BenchNetwork network;
  Tensor wanted;
};

}  // namespace plumb::lab
