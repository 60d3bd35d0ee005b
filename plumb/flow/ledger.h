// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"
#include "plumb/record/run.h"

namespace plumb {

/// Which factor of the chain rule an attenuation is booked under.
enum class Cause : std::uint8_t {
  weight_scale,           ///< size of the weight: log2(sqrt(fan_out) * rms(weight))
  weight_alignment,       ///< what W^T does to this gradient beyond a random one of its size
  activation_derivative,  ///< log2 rms of f'(z): saturation and dead units
  derivative_alignment,   ///< large gradients meeting small derivatives, or the reverse
  residual_shortcut,      ///< what came back through the shortcut
  residual_branch,        ///< what the branch added to it or cancelled
  residual_gate,          ///< what a highway's gate added to both or cancelled
  dropout,
  shape,          ///< flatten and identity: 0
  normalisation,  ///< division by the statistics, and what of the gradient it projects out
  pooling,        ///< spreading over the pooled places
  recurrence,     ///< from the outputs of all time steps back to their inputs
  attention,
  embedding,
  join,  ///< what the other readers of a tensor added to what came back by this way, or cancelled
  other  ///< layers that are not taken apart
};
std::string_view to_string(Cause cause);

/// Every cause, in this order.
inline constexpr std::array kCauses{Cause::weight_scale,
                                    Cause::weight_alignment,
                                    Cause::activation_derivative,
                                    Cause::derivative_alignment,
                                    Cause::residual_shortcut,
                                    Cause::residual_branch,
                                    Cause::residual_gate,
                                    Cause::dropout,
                                    Cause::shape,
                                    Cause::normalisation,
                                    Cause::pooling,
                                    Cause::recurrence,
                                    Cause::attention,
                                    Cause::embedding,
                                    Cause::join,
                                    Cause::other};
static_assert(kCauses.size() == static_cast<std::size_t>(Cause::other) + 1);

struct LedgerPart {
  Cause cause = Cause::shape;
  double log2 = 0;
};

struct LedgerEntry;

/// The books of one way through a layer of several inputs.
struct LedgerWay {
  Way way = Way::unnamed;
  bool main = false;    ///< the books of the layer itself follow this one
  double log2_rms = 0;  ///< of what comes back by it where the ways meet; NaN: not recorded
  /// In the sum of the layer's ways; where others share the tensor and these ways have no record
  /// of their own (JoinRecord::through), in the sum of all. NaN: not recorded.
  double share = 0;
  std::vector<LedgerEntry> entries;  ///< in backward order, not part of the sum
};

/// One line of the books: a layer of the main chain, or of a way through a layer there.
struct LedgerEntry {
  LayerId layer = kNoLayer;
  double log2_grad_out = 0;  ///< true log2 rms of the gradient with respect to the layer's output
  double log2_grad_in = 0;   ///< and to its input; of a layer of several, where its ways meet
  double attenuation = 0;    ///< log2_grad_in - log2_grad_out; negative is a loss
  std::vector<LedgerPart> parts;  ///< sum to `attenuation` exactly (to rounding)
  std::vector<LedgerWay> ways;    ///< of a layer of several inputs, in their order

  const LedgerWay* way(Way name) const;
};

/// Why books end before the input.
enum class LedgerEnd : std::uint8_t {
  none,  ///< they do not
  not_recorded,
  empty,           ///< a tensor of no values
  nonfinite,       ///< it holds a NaN or an infinity
  zero,            ///< it is zero everywhere, and nothing below says why
  zero_weight,     ///< so it is, as the layer's weight is
  zero_derivative  ///< so it is, as the layer's derivative is
};
/// "the gradient with respect to its input is zero everywhere; its weight is zero everywhere".
std::string end_text(const struct Ledger& ledger);

/// The books of one backward pass, from the loss down to the input.
///
/// Entries are in backward order (the layer nearest the loss first). The attenuations of the main
/// chain add up to `total`, and so do all their parts: |total - sum| <= 1e-9 * max(1, |total|) in
/// log2. A gradient that is zero or non-finite somewhere has no logarithm: the ledger ends there,
/// and `ends_at` and `ends_because` say where and why.
/// Units   log2 throughout. Magnitudes are true ones, far beyond the range of float.
struct Ledger {
  std::int64_t step = 0;
  double log2_loss_gradient = 0;  ///< of the last layer's output
  double total = 0;               ///< log2 from there to the lowest recorded gradient
  std::vector<LedgerEntry> entries;
  /// The layer whose input gradient has no logarithm (it has no entry); kNoLayer if the books reach
  /// the input. With no entry at all it is the last layer, and its output gradient is meant.
  LayerId ends_at = kNoLayer;
  LedgerEnd ends = LedgerEnd::none;
  bool ends_at_output = false;        ///< it is the gradient with respect to that layer's output
  std::uint64_t nonfinite_count = 0;  ///< of LedgerEnd::nonfinite: so many values of so many
  std::uint64_t value_count = 0;

  /// That gradient was recorded, and is zero everywhere.
  bool ends_in_zero() const {
    return ends == LedgerEnd::zero || ends == LedgerEnd::zero_weight ||
           ends == LedgerEnd::zero_derivative;
  }
  /// No gradient between layers was recorded at all: nothing can be said of this step.
  bool is_empty() const { return entries.empty() && !ends_in_zero(); }

  /// Sum over the main chain of one cause.
  double total_of(Cause cause) const;
};

/// Books one measured step. rms, not norm: a change of width is inside weight_scale, by its
/// fan_out, so that a Gaussian weight is booked as what it does to an isotropic gradient. For norms
/// of one sample add log2(units_in / units_out) / 2 to the attenuation; docs/ledger.md.
///
/// The step must hold the sketches of grad_z / grad_a (and of weight for
/// the split of the linear layers, ActivationRecords for that of the activations, JoinRecords for
/// residual blocks; what lacks is booked whole under its first cause).
Ledger make_ledger(const LayerGraph& graph, const StepIndex& index);
/// The same for one step alone: makes both first.
Ledger make_ledger(const RunInfo& info, const StepRecord& step);

/// The flow at one depth of the network: what the profile over depth draws.
struct FlowPoint {
  LayerId layer = kNoLayer;     ///< a linear one
  std::string_view beside;      ///< "gate", "shortcut": not on the chain; see LayerGraph::beside
  int depth = 0;                ///< 1 for the linear layer next to the input
  std::int64_t units = 0;       ///< of its output, per sample
  double log2_grad_z = 0;       ///< flow gradient: rms of dLoss/dz
  double log2_grad_weight = 0;  ///< parameter gradient: rms of dLoss/dweight
  double log2_z = 0;            ///< rms of the pre-activation
  double log2_a = 0;            ///< rms of what follows it up to the next linear layer
  double log2_weight = 0;
  double log2_update = 0;
  /// Learning speed: log2 of rms(update) / rms(weight); NaN where either lacks.
  double log2_update_ratio = 0;
};

/// One point for each linear layer of the network (those inside residual blocks too), input side
/// first. Gates and the layers on shortcuts are there as well, marked as beside the chain: what
/// follows the gradient from layer to layer takes the chain alone.
/// A tensor of zeros is -infinity; one that was not recorded or holds non-finite values is NaN.
std::vector<FlowPoint> flow_profile(const LayerGraph& graph, const StepIndex& index);
std::vector<FlowPoint> flow_profile(const RunInfo& info, const StepRecord& step);
/// The points of a profile without those beside the chain.
std::vector<FlowPoint> on_the_chain(std::vector<FlowPoint> profile);

/// Layers per e-fold of the gradient, fitted over depth by least squares on ln rms(grad_z).
/// Left out are points whose gradient is zero or not finite, those beside the chain, and, where
/// more than three points are there, the last layer: it has no activation behind it.
struct DepthScale {
  double layers_per_efold = 0;  ///< > 0: shrinks towards the input; < 0: grows; inf: flat
  double log2_per_layer = 0;    ///< slope per layer towards the input; negative is a loss
  double r_squared = 0;         ///< of the straight line; NaN with fewer than 3 points
  int layers = 0;               ///< points used
};
DepthScale fit_depth_scale(const std::vector<FlowPoint>& profile);

}  // namespace plumb
