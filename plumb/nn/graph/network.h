// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "plumb/core/anchor.h"
#include "plumb/nn/graph/chain.h"
#include "plumb/nn/graph/gradient_pool.h"
#include "plumb/nn/graph/network_options.h"
#include "plumb/nn/graph/pass_observer.h"
#include "plumb/nn/spec/spec.h"

namespace plumb {

/// A chain of layers and joins (chain.h): owns every activation and every gradient of a pass.
///
/// Beyond the range of float: every layer's vector-Jacobian product is linear in the incoming
/// gradient, so the backward signal is carried as values * 2^log2_scale and rescaled by exact
/// powers of two whenever it leaves a safe band (gradient_pool.h). Layers know nothing of it;
/// observers and Param::grad carry the scale. A chain that attenuates by 2^-4000 reports finite,
/// correct magnitudes at every layer.
///
/// Images stay in the layout that convolutions want (core/layout.h) from layer to layer; plan()
/// decides it once and reorders only before a layer that takes no other. input() and output() are
/// row-major.
///
/// Errors  SpecError (caret) for an unknown layer or a bad argument; ShapeError naming the layer's path for a
///         shape that does not fit; UsageError for an own layer whose name is taken. All from the constructor.
///         UsageError for calls out of order (a pass before plan()) and of a network that was moved from.
/// Threads One Network is used by one thread at a time; it splits work over the Context's pool. Initial
///         weights are the same bits for any thread count. Signals wait for the end of a pass.
class Network {
 public:
  /// x_row: shape of one sample, without the batch axis.
  Network(const Spec& spec, const Shape& x_row, const NetworkOptions& options);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  static constexpr std::int64_t kMaxBatch = 2147483647;

  /// Allocates all tensors for this batch size, 1 to kMaxBatch. Called before the first pass; may
  /// be called again.
  void plan(std::int64_t batch);
  std::int64_t batch() const { return batch_; }
  DType dtype() const { return options_.dtype; }
  const Shape& input_row_shape() const { return x_row_; }
  /// Shape of one sample of the output.
  const Shape& output_row_shape() const { return y_row_; }

  /// Where the caller puts x, [batch, ...].
  View input();
  ConstView input_view() const;
  /// Of the last forward pass.
  ConstView output() const;
  /// Runs the chain on input(); the result is output().
  ConstView forward(const Context& context, PassObserver* observer = nullptr);
  /// Where the caller puts dLoss/d output before backward().
  View output_gradient();
  /// Accumulates into every Param::grad, in the mode of the forward pass before it. The gradient
  /// with respect to the input is computed only for an observer; `ready` must be there where the
  /// gradients are shared.
  void backward(const Context& context, PassObserver* observer = nullptr,
                GradientReady* ready = nullptr);
  /// Marks every gradient as zero.
  void zero_grad();

  /// Lets the gradients of all layers take the same memory: a gradient then stands only from its
  /// own node's backward until the next one's, for a caller that uses each in on_gradients, once a
  /// pass. It stays in the cache, where gradients of their own go out to memory and come back.
  void share_gradients();
  /// Gives each gradient memory of its own, as at the start; all are zero then.
  void keep_gradients();

  /// All parameters in forward order, and their full names: "0.weight", "5.0.bias",
  /// "5.proj.weight", "5.gate.bias"; the learned scale of a block is "5.alpha".
  std::span<Param* const> params() { return params_; }
  std::span<const Param* const> params() const { return params_; }
  std::span<const std::string> param_names() const { return param_names_; }
  /// The path of the layer that a parameter belongs to.
  std::span<const std::string> param_paths() const { return param_paths_; }

  /// All buffers in forward order, and their full names: "1.running_mean".
  std::span<Buffer* const> buffers() { return buffers_; }
  std::span<const Buffer* const> buffers() const { return buffers_; }
  std::span<const std::string> buffer_names() const { return buffer_names_; }

  const NodeChain& nodes() const { return nodes_; }
  /// Visits every node in forward order, a join after its ways.
  void visit(const std::function<void(const Node&)>& visitor) const;

  /// For an observer that keeps a reference to the network.
  Anchor::Watch watch() const { return anchor_.watch(); }

 private:
  /// `call` is what was called.
  void require_planned(const char* call) const {
    if (!input_) refuse_unplanned(call);
  }
  [[noreturn]] void refuse_unplanned(const char* call) const;
  InitScheme weight_scheme(const std::string& path) const;
  InitScheme bias_scheme() const;
  void collect_params(Node& node);
  TensorPlan plan_all(const Shape& x, Planner& planner);

  NetworkOptions options_;
  Shape x_row_;
  Shape y_row_;
  std::int64_t batch_ = 0;
  std::optional<Mode> passed_;  ///< of the last forward pass since plan()
  NodeChain nodes_;
  Tensor input_;   ///< nothing before plan(), or moved from
  Tensor output_;  ///< row-major, where the last layer gives another layout
  Tensor output_gradient_;
  Tensor shared_gradients_;  ///< nothing while each parameter has its own
  std::optional<GradientPool> pool_;
  std::vector<Param*> params_;
  std::vector<std::string> param_names_;
  std::vector<std::string> param_paths_;
  std::vector<Buffer*> buffers_;
  std::vector<std::string> buffer_names_;
  std::unordered_map<std::string, double> fixup_;  ///< by path; only with that initialiser
  Anchor anchor_;
};

}  // namespace plumb
