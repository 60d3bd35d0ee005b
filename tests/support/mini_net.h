// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/record/run.h"

namespace plumb::test {

/// What tiny network to train and how. dense > act, then depth - 1 more of them (or depth - 1
/// residual blocks of two dense layers each), then the dense output layer; cross-entropy.
struct MiniSpec {
  std::string activation = "relu";  ///< identity sigmoid tanh relu leaky_relu selu elu gelu
  int depth = 10;                   ///< hidden layers
  int width = 32;
  int inputs = 16;
  int classes = 4;
  int batch = 64;
  double gain = 1.4142135623730951;  ///< weights are N(0, gain^2 / fan_in)
  double bias_std = 0;
  std::optional<double> constant_weight;  ///< every weight this number instead
  double input_scale = 1;
  bool residual = false;
  double branch_scale = 1;        ///< y = x + branch_scale * branch(x)
  bool zero_output = false;       ///< the weight of the output layer starts at zero
  bool zero_branch_ends = false;  ///< and that of the last layer of each block
  bool frozen_output = false;     ///< the output layer is never updated
  std::uint64_t seed = 1;
  int steps = 6;
  bool adam = false;  ///< else plain gradient descent
  double learning_rate = 0.05;
  double weight_decay = 0;  ///< added to the gradient, as L2
  std::optional<int>
      nan_layer;     ///< a NaN put into the weight of this dense layer (0 is the first) ...
  int nan_step = 0;  ///< ... before this step
};

/// A multilayer perceptron in plain double loops, forward, backward and update, that records what
/// the engine would record: real nets for the rules to judge, without the engine.
class MiniNet {
 public:
  struct Dense {
    int in = 0;
    int out = 0;
    std::vector<double> weight, bias, grad_weight, grad_bias;  // weight is [out, in]
    std::vector<double> m, v, update;                          // of weight, then bias
  };

  explicit MiniNet(const MiniSpec& spec);
  const RunInfo& info() const { return info_; }
  /// One step on a batch [batch, inputs] with its labels: metrics, records, update.
  StepRecord step(const std::vector<double>& x, const std::vector<int>& labels);

  std::vector<Dense> denses;

 private:
  enum class Op { dense, activation, block_begin, block_end };
  struct Node {
    Op op = Op::dense;
    LayerInfo layer;
    std::size_t dense = 0;  // index into denses
  };
  void update(Dense& dense);
  void describe();

  MiniSpec spec_;
  RunInfo info_;
  std::vector<Node> nodes_;
  std::int64_t step_ = 0;
};

/// Trains a MiniNet on fresh batches of Gaussian inputs labelled by a random linear teacher, every
/// step measured.
Run run_mini_net(const MiniSpec& spec);

}  // namespace plumb::test
