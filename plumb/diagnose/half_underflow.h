// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"

namespace plumb {

/// What float16 took of the gradients of one step: values below half of its smallest number, 2^-24,
/// which became zero.
///
/// A tensor that was kept in float16 shows it: some of its values are that smallest number and none
/// lies below, where numbers of a wider format go on. So it shows too where such a tensor was
/// converted later, and whatever is known of the program that made it.
struct HalfUnderflow {
  /// On the way from the loss the first layer whose gradient lost kUnderflowFraction; kNoLayer
  /// where none did.
  LayerId layer = kNoLayer;
  double fraction = 0;  ///< that it lost, see lost_to_half
  LayerId worst = kNoLayer;
  double worst_fraction = 0;
  int layers = 0;              ///< that lost kUnderflowFraction
  int judged = 0;              ///< whose gradient was in float16
  double log2_loss_scale = 0;  ///< what the loss was multiplied by, as the gradients had it
  /// The gradient's norm at `layer` to that at the layer next to the loss: how much of the fall is
  /// no matter of the format.
  double log2_flow = 0;
};

/// A quarter of the values: of a Gaussian gradient whose rms is 1.6 * 2^-24. Calibration:
/// docs/rules/underflow.md.
inline constexpr double kUnderflowFraction = 0.25;
/// Half of them, rms 0.7 * 2^-24: critical.
inline constexpr double kUnderflowMost = 0.5;

HalfUnderflow half_underflow(const LayerGraph& graph, const StepIndex& index);

/// Whether a tensor's values are those of float16, and reach its smallest number.
bool is_at_half_floor(const Sketch& sketch);

/// Of a tensor in float16, the part of its values, without zeros of another origin, that float16
/// rounded to zero: as many as a Gaussian has below 2^-25 that has what was counted at one, and at
/// two and three times 2^-24; never more than there are zeros. The zeros that a relu makes lie in
/// no such tail, and count for nothing. Of heavier tails it is too small a number. Returns 0 for a
/// tensor of zeros, and where values lie below the floor.
double lost_to_half(const Sketch& sketch);

}  // namespace plumb
