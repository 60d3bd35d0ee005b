// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plumb/core/activation_traits.h"
#include "plumb/core/layer_family.h"
#include "plumb/core/parallel.h"
#include "plumb/core/view.h"
#include "plumb/kernels/derivative_scan.h"
#include "plumb/nn/param.h"
#include "plumb/nn/time_observer.h"

namespace plumb {

enum class Mode : std::uint8_t { train, infer };

/// What a pass needs beyond tensors. Threads and randomness come in explicitly.
struct Context {
  Mode mode = Mode::train;
  std::uint64_t step = 0;  ///< counter for layers that draw random numbers
  ThreadPool& pool;
  TimeObserver* time = nullptr;  ///< of the recurrent layers; null on steps that are not measured
};

/// The order in memory that a layer takes its x (and gives grad_x) and gives its y (and takes
/// grad_y) in.
struct LayerLayouts {
  Layout x = Layout::row_major;
  Layout y = Layout::row_major;
};

/// A differentiable map y = f(x; params). A layer owns parameters, never activations: the Network
/// owns every x, y, grad_x and grad_y, so a probe can read any of them.
///
/// All tensors have the batch as their first axis and the dtype the layer was made for: float runs
/// on the fast kernels, double on the reference kernels. Shapes were checked by output_shape() when
/// the Network was built; forward and backward trust them, allocate nothing after their first call
/// (but see fast/linear.h), change no ConstView, let non-finite values through. Threads: one.
class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::string_view kind() const = 0;  ///< "dense"; stable, saved in runs
  virtual LayerFamily family() const = 0;
  virtual Shape output_shape(const Shape& x) const = 0;  ///< of a batched x; throws ShapeError
  /// What the layer makes best of an x of this shape that is there in the layout `offered`. Where
  /// it takes another one, the Network reorders x before it and grad_x after it. Every layer also
  /// takes and gives row_major: the layouts of a pass are those of its views.
  virtual LayerLayouts layouts(const Shape& /*x*/, Layout /*offered*/) const { return {}; }
  virtual void forward(ConstView x, View y, const Context& context) = 0;
  /// grad_x = J_x^T grad_y (overwritten; skipped when grad_x is a view of nothing);
  /// each Param::grad += J_param^T grad_y (see Param::grad_is_zero). Linear in grad_y.
  virtual void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                        const Context& context) = 0;
  virtual std::span<Param> params() { return {}; }
  virtual std::span<Buffer> buffers() { return {}; }

  /// Allocates what the layer keeps from a forward pass for its backward (statistics of a batch,
  /// gate values) for inputs of this shape. Called by Network::plan.
  virtual void plan(const Shape& /*x*/) {}
  /// log2 of what grad_x and the parameter gradients of the last backward must be multiplied with,
  /// beyond the scale of its grad_y: a layer that multiplies many factors inside (recurrent ones)
  /// rescales inside, too.
  virtual int extra_log2_scale() const { return 0; }

  /// Activations: derivative[i] = f'(x[i]), y = f(x). Dropout: m[i] / (1 - P) of the last forward
  /// in training mode. Other families have none and return false.
  virtual bool derivative(ConstView /*x*/, ConstView /*y*/, View /*derivative*/) const {
    return false;
  }
  /// The same derivative, of float, judged without being stored: how many |f'| are below `limit`,
  /// and the sum of their squares. is_usual is false where f' must be stored to be judged.
  virtual DerivativeScan scan_derivative(ConstView /*x*/, ConstView /*y*/, double /*limit*/) const {
    return {};
  }
  /// Linear layers only, where it is not the weight's fan_out: how many outputs an input feeds on
  /// average, borders aside. 0 elsewhere.
  virtual double outputs_per_input() const { return 0.0; }
  /// Activations only: what is known of f, in its present state (prelu learns its slope).
  virtual std::optional<ActivationTraits> traits() const { return std::nullopt; }
};

}  // namespace plumb
