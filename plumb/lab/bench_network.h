// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/core/time_quantity.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"

namespace plumb::lab {

/// What one backward pass showed at one node.
struct Observed {
  std::string path;
  std::string kind;                ///< "dense", "sigmoid"
  double log2_output_norm = 0;     ///< of y, over the whole batch
  double log2_gradient_norm = 0;   ///< of dJ/dy; true, however small
  std::vector<double> gradient{};  ///< dJ/dy itself, true values; empty unless asked for
};

/// A network on the bench, in double: weights set by hand, every gradient readable with its true
/// magnitude.
///
/// Norms are l2 norms over the whole tensor, as log2, so that a chain of 10,000 layers has them
/// too.
class BenchNetwork {
 public:
  /// `init` as in InitScheme text ("zeros", "constant:0.5", "glorot_normal"), times `gain`. Biases
  /// start at zero.
  BenchNetwork(std::string_view network, std::int64_t features, std::int64_t batch,
               std::string_view init = "zeros", double gain = 1, std::uint64_t seed = 0);
  /// For samples of any shape: {steps, features}.
  BenchNetwork(std::string_view network, const Shape& x_row, std::int64_t batch,
               std::string_view init = "zeros", double gain = 1, std::uint64_t seed = 0);

  Network& network() { return network_; }
  std::size_t param_count() const { return network_.params().size(); }
  /// The values of the index-th parameter.
  std::span<double> param(std::size_t index);
  std::span<double> input();

  std::span<const double> forward();
  /// Forward, the loss and backward; returns the loss.
  double differentiate(std::string_view loss, const Target& target);
  /// Backward from dJ/dy given by hand, after forward(). Its size is that of the output.
  void backward(std::span<const double> grad_y);
  /// The loss alone.
  double value(std::string_view loss, const Target& target);

  /// dJ/dparam of the last backward pass, true values (0 or infinity beyond the range of double).
  std::vector<double> gradient(std::size_t index) const;
  double log2_gradient_norm(std::size_t index) const;
  /// All nodes in forward order, as the last backward pass saw them.
  const std::vector<Observed>& observed() const { return observed_; }
  /// Paths in the order in which the last backward pass reached them.
  const std::vector<std::string>& order() const { return order_; }
  /// Of the network's recurrent layer: log2 norms at each time step, as the last backward pass saw
  /// them.
  const std::vector<double>& through_time(TimeQuantity quantity) { return times_[quantity]; }
  const std::vector<double>& input_gradient() const { return input_gradient_; }  ///< if kept
  double log2_input_gradient_norm() const { return log2_input_gradient_norm_; }
  void keep_gradients(bool keep) { keep_gradients_ = keep; }

 private:
  class Watch;
  class TimeWatch;
  void backward_watched();

  Network network_;
  std::unique_ptr<ThreadPool> threads_ = std::make_unique<ThreadPool>(1);
  bool keep_gradients_ = false;
  std::vector<Observed> observed_;
  std::vector<std::string> order_;
  double log2_input_gradient_norm_ = 0;
  std::vector<double> input_gradient_;
  std::map<TimeQuantity, std::vector<double>> times_;
};

/// "4 x [dense 5 bias=false]" around a repeated part and others, joined by " > ": repeat(2,
/// "tanh").
std::string repeat(std::int64_t count, std::string_view part);

}  // namespace plumb::lab
