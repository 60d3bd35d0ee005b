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
#include "plumb/nn/graph/gradient_pool.h"
#include "plumb/nn/graph/node.h"
#include "plumb/nn/graph/pass_observer.h"
#include "plumb/nn/init.h"
#include "plumb/nn/spec/spec.h"

namespace plumb {

struct NetworkOptions {
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  InitScheme weight_init{};  ///< of the weights of linear layers
  InitScheme bias_init{};    ///< and of their biases; fixup leaves them at 0
};

/// A chain of layers with residual joins (network_residual.cpp): owns every activation and every
/// gradient of a pass.
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
///         shape that does not fit. Both from the constructor. UsageError for calls out of order (a pass
///         before plan(), backward() before forward()) and of a network that was moved from.
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
  std::span<Param* const> params() const { return params_; }
  std::span<const std::string> param_names() const { return param_names_; }
  /// The path of the layer that a parameter belongs to.
  std::span<const std::string> param_paths() const { return param_paths_; }

  /// All buffers in forward order, and their full names: "1.running_mean".
  std::span<Buffer* const> buffers() const { return buffers_; }
  std::span<const std::string> buffer_names() const { return buffer_names_; }

  const std::vector<Node>& nodes() const { return nodes_; }
  /// Visits every node in forward order, a residual node after its branch, shortcut and gate.
  void visit(const std::function<void(const Node&)>& visitor) const;

  /// For an observer that keeps a reference to the network.
  Anchor::Watch watch() const { return anchor_.watch(); }

 private:
  /// `call` is what was called.
  void require_planned(const char* call) const {
    if (!input_) refuse_unplanned(call);
  }
  [[noreturn]] void refuse_unplanned(const char* call) const;
  std::vector<Node> build_chain(const std::string& text, const std::vector<SpecItem>& items,
                                Shape& x, const std::string& parent, int& depth);
  Node build_residual(const std::string& text, const SpecItem& item, Shape& x,
                      const std::string& path, const std::string& parent, int& depth);
  void build_projection(Node& node, const Shape& x, const Shape& y, bool normalise);
  void build_padding(Node& node, const Shape& x, const Shape& y);
  /// A layer of a residual block beside its branch, `text` in the language.
  Node build_beside(const std::string& text, const Shape& x, const Node& block,
                    const std::string& name);
  InitScheme weight_scheme(const std::string& path) const;
  InitScheme bias_scheme() const;
  void collect_params(Node& node);
  /// What a chain makes of its x: the shape and the layout of its end.
  struct Plan {
    Shape shape;
    Layout layout = Layout::row_major;
  };
  Plan plan_all(const Shape& x);
  Plan plan_chain(std::vector<Node>& nodes, Plan x);
  Plan plan_layer(Node& node, const Plan& x);
  Plan plan_residual(Node& node, const Plan& x);
  Gradient in_layout(Gradient gradient, Layout layout, const Context& context);
  ConstView forward_chain(std::vector<Node>& nodes, ConstView x, const Context& context,
                          PassObserver* observer);
  void forward_node(Node& node, ConstView x, const Context& context, PassObserver* observer);
  void forward_residual(Node& node, ConstView x, const Context& context, PassObserver* observer);
  std::optional<Gradient> backward_chain(std::vector<Node>& nodes, ConstView x, Gradient grad,
                                         bool want_grad_x, const Context& context,
                                         PassObserver* observer);
  /// To the observer, if there is one; then brings it into the safe band for the node's backward.
  void show_gradient(const Node& node, Gradient& grad_y, PassObserver* observer);
  std::optional<Gradient> backward_layer(Node& node, ConstView x, const Gradient& grad_y,
                                         bool want_grad_x, const Context& context);
  std::optional<Gradient> backward_residual(Node& node, ConstView x, const Gradient& grad_y,
                                            bool want_grad_x, const Context& context,
                                            PassObserver* observer);
  std::optional<Gradient> backward_highway(Node& node, ConstView x, const Gradient& grad_y,
                                           bool want_grad_x, const Context& context,
                                           PassObserver* observer);

  NetworkOptions options_;
  Shape x_row_;
  Shape y_row_;
  std::int64_t batch_ = 0;
  std::optional<Mode> passed_;   ///< of the last forward pass since plan()
  bool row_major_only_ = false;  ///< the sides of a highway would have differed
  std::int64_t capacity_ = 0;    ///< elements of the largest tensor
  std::vector<Node> nodes_;
  Tensor input_;   ///< nothing before plan(), or moved from
  Tensor output_;  ///< row-major, where the last layer gives another layout
  Tensor output_gradient_;
  Tensor shared_gradients_;         ///< nothing while each parameter has its own
  GradientReady* ready_ = nullptr;  ///< of the backward pass that runs
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
