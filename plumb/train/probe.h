// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/core/anchor.h"
#include "plumb/core/scaled_squares.h"
#include "plumb/nn/network.h"
#include "plumb/optim/optimiser.h"
#include "plumb/record/step_record.h"
#include "plumb/stats/activity_window.h"
#include "plumb/stats/piecewise_sketch.h"
#include "plumb/train/time_recorder.h"

namespace plumb {

/// Turns the tensors of one training step into a StepRecord: a sketch of every site, the derivative
/// of every activation, the two sides of every residual join, the symmetry of every weight, and
/// every time step of the recurrent layers.
///
/// Weights are those that the step's passes use, before the update.
/// It looks at each tensor at the moment it is complete and changes none, so a measured step has
/// the same bits as an unmeasured one. A step that is not measured does not touch the probe at all.
/// Allocates at the first measured steps only, unless a tensor's magnitudes spread wider than
/// before.
///
/// Dead units are judged over a window of at least kWindowSamples samples (or all seen so far),
/// gathered from the measured steps. Rows of weights are compared for symmetry at the first
/// measured step, and again only while repeated ones are found.
/// Errors  UsageError for what happens outside of begin() and finish(), for nodes and parameters of
///         another network, and for a network that was moved or destroyed under the probe. A new
///         plan() of the network is followed.
class Probe : public PassObserver, public TimeObserver, public UpdateObserver {
 public:
  static constexpr std::uint64_t kWindowSamples = 1024;

  /// The network stays where it is as long as the probe is used.
  explicit Probe(const Network& network);
  explicit Probe(const Network&&) = delete;  ///< would dangle

  /// Starts a measured step. `record` must live until finish(); its vectors are reused. begin()
  /// again without finish() gives up the step that was cut off.
  void begin(StepRecord& record);
  void finish();

  void on_output(const Node& node, ConstView x, ConstView y) override;
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override;
  std::optional<double> largest_in_gradient() const override;
  void on_join(const Node& node, const JoinGradients& gradients) override;
  void on_input_gradient(ConstView grad_x, int log2_scale) override;
  void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                    int log2_scale) override;
  void before_update(std::size_t index, const Param& param, ConstView value,
                     std::int64_t begin) override;
  void on_update(std::size_t index, const Param& param, ConstView grad, ConstView update,
                 std::int64_t begin) override;

  /// What probing without an optimiser step records of the parameters after the backward pass:
  /// their values and gradients.
  void on_parameters();

  /// l2 norm of the parameter gradients that on_update was told of in this step, from their
  /// sketches; NaN if one is not finite.
  double gradient_norm() const { return gradient_squares_.root(); }

 private:
  /// The record of the step that has begun; `call` names who asks.
  StepRecord& begun(const char* call) const;
  /// The network, if it still stands where it did.
  const Network& network() const;
  /// Of the network's nodes in forward order: usually the one after the last.
  void expect_own(const Node& node);
  void expect_own(std::size_t index, const Param& param) const;
  Sketch& next_sketch(const std::string& path, Role role, const std::string& param);
  void add(const std::string& path, Role role, const std::string& param, ConstView values,
           int log2_scale);
  /// The piece of a parameter that begins at element `begin`.
  struct Piece {
    std::size_t index;
    const Param& param;
    std::int64_t begin;
  };
  void add_piece(PiecewiseSketch& sketch, const Piece& piece, Role role, ConstView values,
                 int log2_scale);
  void add_to_norm(const Sketch& gradient);
  void add_activation(const Node& node, ConstView x, ConstView y);
  /// Of the whole batch; nothing where the layer has no derivative of its elements.
  std::optional<DerivativeStats> judge_derivative(const Node& node, ConstView x, ConstView y,
                                                  double limit, ActivityWindow& window);
  void add_symmetries();

  const Network& network_;
  Anchor::Watch watch_;
  std::vector<const Node*> nodes_;  ///< in forward order
  std::size_t next_node_ = 0;       ///< the one whose output is expected
  bool in_backward_ = false;        ///< a gradient was the last thing that was told of a node
  StepRecord* record_ = nullptr;
  std::size_t sketch_count_ = 0;    ///< at most, of a step
  std::size_t used_ = 0;            ///< of the record's sketches; those behind are of the last step
  std::size_t last_gradient_ = 0;   ///< the place that on_gradient used last
  ScaledSquares gradient_squares_;  ///< of the parameters
  std::size_t activations_used_ = 0;
  /// Whose names stand in the record's sketches: strings of the network, known by their address.
  struct Names {
    const std::string* path;
    const std::string* param;
    Role role;
    friend bool operator==(const Names&, const Names&) = default;
  };
  std::vector<Names> names_;
  const StepRecord* named_ = nullptr;    ///< the record that names_ tells of
  Tensor derivative_;                    ///< of some samples; grows with the plan
  std::vector<ActivityWindow> windows_;  ///< in the order of the activation records
  std::vector<double> max_derivatives_;  ///< the same, at the first measured step
  TimeRecorder time_;
  PiecewiseSketch weight_, gradient_, update_;  ///< of the parameter that comes in pieces
  bool symmetry_due_ = true;
};

}  // namespace plumb
