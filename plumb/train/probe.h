// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/core/anchor.h"
#include "plumb/nn/graph/network.h"
#include "plumb/observe/recorder.h"
#include "plumb/optim/optimiser.h"

namespace plumb {

/// Tells a Recorder of the tensors of a Network's training step: the output and the gradient of
/// every layer, the derivative of every activation, what comes back to the input of every residual
/// block, every parameter with its gradient and update, and every time step of the recurrent
/// layers.
///
/// It reads each tensor at the moment it is complete and changes none, so a measured step has
/// the same bits as an unmeasured one. A step that is not measured does not touch the probe at all.
/// A forward pass after another one, or after a backward pass, is a further pass of the same step.
/// Rows of weights are compared as they are after their update.
/// Errors  UsageError for what happens outside of begin() and finish(), for nodes and parameters of
///         another network, and for a network that was moved or destroyed under the probe. A new
///         plan() of the network is followed.
/// Threads One at a time: the one that runs the network.
class Probe : public PassObserver, public TimeObserver, public UpdateObserver {
 public:
  /// The network stays where it is as long as the probe is used. Units are judged over so many
  /// steps (Recorder).
  explicit Probe(const Network& network, std::int64_t window_steps = Recorder::kMostWindowSteps);
  /// Tells a recorder of somebody else's, whose RunInfo has the network's graph (describe_graph);
  /// it must live as long as the probe. start() takes the place of begin() and finish().
  Probe(const Network& network, Recorder& recorder);
  explicit Probe(const Network&&, std::int64_t = 0) = delete;  ///< would dangle
  Probe(const Network&&, Recorder&) = delete;

  /// Starts a measured step. `record` must live until finish(); its vectors are reused. begin()
  /// again without finish() gives up the step that was cut off.
  void begin(StepRecord& record);
  void finish();
  /// The recorder was begun by whoever owns it.
  void start();

  /// Watches the activations of a forward pass alone: what a step that is not measured adds to the
  /// window of those that follow it. Null where there is no activation.
  PassObserver* begin_units(std::int64_t step);
  void finish_units() { recorder_->finish_units(); }

  void on_output(const Node& node, ConstView x, ConstView y) override;
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override;
  std::optional<double> largest_in_gradient() const override;
  void on_join(const Node& node, std::span<const WayGradient> ways) override;
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
  double gradient_norm() const { return recorder_->gradient_norm(); }

 private:
  static constexpr LayerId kInput = 0;

  /// Sees outputs alone.
  class UnitWatch : public PassObserver {
   public:
    explicit UnitWatch(Probe& probe) : probe_(probe) {}
    void on_output(const Node& node, ConstView x, ConstView y) override;

   private:
    Probe& probe_;
  };

  /// Whoever reads the tensor that a join reads. Where the first node of a way is a join too, which
  /// reads the same tensor, or this one is the first of another one's way, the ways of all of them
  /// meet there, and each has a record of its own beside (JoinRecord::through).
  struct Join {
    struct Reader {
      LayerId layer = kNoLayer;
      std::int32_t input = 0;  ///< which of its inputs
      bool is_join = false;
    };
    LayerId from = kNoLayer;
    std::vector<Reader> readers;  ///< one for each of Node::ways()
    bool begins_way = false;
  };

  void require_begun(const char* call) const;
  /// The network, if it still stands where it did.
  const Network& network() const;
  /// Of the network's nodes in forward order: usually the one after the last.
  void expect_own(const Node& node);
  void expect_own(std::size_t index, const Param& param) const;
  void find_nodes();
  void find_joins(const NodeChain& nodes, LayerId from, bool is_way);
  void begin_pass(const Node& node);
  void judge_derivative(const Node& node, ConstView x, ConstView y);
  bool is_relu_cell(LayerId layer) const;
  void judge_cells(const Node& node, ConstView h);
  /// Of a layer whose units can be silent; judges them.
  void judge_units(const Node& node, ConstView x, ConstView y);
  void compare_rows(std::size_t index);

  const Network& network_;
  Anchor::Watch watch_;
  RunInfo graph_;
  std::optional<Recorder> own_;
  Recorder* recorder_;
  UnitWatch unit_watch_{*this};
  std::vector<const Node*> nodes_;  ///< by LayerId - 1: in forward order
  std::vector<Join> joins_;         ///< by LayerId
  std::vector<JoinGradient> ways_;
  bool has_units_ = false;
  std::size_t next_node_ = 0;   ///< the one whose output is expected
  bool saw_output_ = false;     ///< in this step
  bool in_backward_ = false;    ///< a gradient was the last thing that was told of a node
  LayerId current_ = kNoLayer;  ///< whose gradient was told last
  Tensor derivative_;           ///< of some samples; grows with the plan
};

}  // namespace plumb
