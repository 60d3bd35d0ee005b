// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/core/parallel.h"
#include "plumb/nn/param.h"

namespace plumb {

/// sgd, rmsprop, adam, adamw with the conventions (and, in double, the numbers) of torch.optim:
///   sgd      buf = momentum buf + g; step: buf, or g + momentum buf with nesterov          (torch.optim.SGD)
///   rmsprop  v = rho v + (1-rho) g^2; step: g / (sqrt(v) + eps)                            (torch.optim.RMSprop)
///   adam     Kingma and Ba 2015, algorithm 1 with bias correction                          (torch.optim.Adam)
///   adamw    adam with decoupled decay (Loshchilov and Hutter 2019)                        (torch.optim.AdamW)
/// weight_decay is added to the gradient (g + wd w), or with `decoupled` applied as -learning_rate
/// wd w. Decay applies to weights; to biases (params with "bias" in their name) only with
/// decay_bias (torch decays all: set it to compare). rmsprop knows momentum as torch does: buf =
/// momentum buf + g / (sqrt(v) + eps); step: buf. adam and adamw have none (beta1 is theirs),
/// nesterov is sgd's.
struct OptimiserConfig {
  std::string name = "sgd";
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  bool decoupled = false;  ///< always true for adamw
  bool decay_bias = false;
  double rho = 0.99;  ///< rmsprop's alpha
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

/// Reads what one step does to the parameters. A large parameter comes in consecutive pieces,
/// each while it is in the processor's cache: before_update, the step on that piece, on_update.
/// Threads  Called by the thread that calls the optimiser.
class UpdateObserver {
 public:
  virtual ~UpdateObserver() = default;
  /// The piece of the value of `param`, the index-th one, that begins at element `begin` (0: its
  /// first piece), as the step finds it.
  virtual void before_update(std::size_t /*index*/, const Param& /*param*/, ConstView /*value*/,
                             std::int64_t /*begin*/) {}
  /// The same piece afterwards: `grad` is that of param.grad, as stored; `update` is what was added
  /// to the value (weight decay included), which already has it.
  virtual void on_update(std::size_t index, const Param& param, ConstView grad, ConstView update,
                         std::int64_t begin) = 0;
};

/// What an optimiser remembers of the steps so far: its first and second moments (torch.optim's
/// momentum_buffer or exp_avg, and square_avg or exp_avg_sq), one tensor a parameter, in order.
/// A list is empty where the optimiser has none, and before the first step.
struct OptimiserState {
  std::int64_t steps = 0;
  std::vector<Tensor*> first;
  std::vector<Tensor*> second;
};

/// Changes parameters by their gradients. Time advances per step, not per tensor. The arithmetic is
/// the same bits whether or not an observer watches. Gradients enter with their true value (grad *
/// 2^grad_log2_scale, as float training has it; below 2^-126 it counts as zero, so denormals never
/// slow a step down). Allocates its state (and, with an observer, scratch) at the first step only.
/// Errors   UsageError for calls out of order, an index twice in a step or left out of it, and other
///          params than those of the first step.
/// Threads  Elements are split over the pool; results do not depend on the thread count.
class Optimiser {
 public:
  virtual ~Optimiser() = default;
  virtual std::string_view kind() const = 0;

  /// A step is begin(), update() once for each index in any order, finish(): for a caller whose
  /// gradients become complete one after the other and are still in the cache then. `params` are
  /// the same at every step and must live until finish(); their list need not. grad_factor
  /// multiplies every gradient first (clipping by norm); clip_value > 0 then clamps each element of
  /// the (true) gradient to
  /// [-clip_value, clip_value]. begin() again without finish() gives up the step that was cut off.
  virtual void begin(std::span<Param* const> params, double learning_rate, double grad_factor,
                     double clip_value) = 0;
  virtual void update(std::size_t index, ThreadPool& pool, UpdateObserver* observer) = 0;
  /// Returns the l2 norm of the weight-decay term (wd * w over all decayed parameters; 0 without
  /// decay).
  virtual double finish() = 0;

  /// The state, for a checkpoint: its tensors are the optimiser's own, as long as it lives.
  /// Errors: UsageError within a step.
  virtual OptimiserState state() = 0;
  /// Goes on after `steps` steps of these params: allocates the state, all zero, and returns it to
  /// be filled. Errors: UsageError after the first begin().
  virtual OptimiserState resume(std::span<Param* const> params, std::int64_t steps) = 0;

  /// The three in one call, for all parameters in order.
  double step(std::span<Param* const> params, double learning_rate, double grad_factor,
              double clip_value, ThreadPool& pool, UpdateObserver* observer);
};

/// Errors  SpecError for an unknown name, a value out of its range or an option that it does not have.
std::unique_ptr<Optimiser> make_optimiser(const OptimiserConfig& config);
std::span<const std::string_view> optimiser_names();

/// l2 norm of all gradients, true values, in double. Params with grad_is_zero count as zero.
double gradient_norm(std::span<Param* const> params);

/// torch.nn.utils.clip_grad_norm_'s factor: min(1, max_norm / (norm + 1e-6)); 1 when max_norm is 0
/// (off) or norm is not finite.
double clip_factor(double norm, double max_norm);

}  // namespace plumb
