// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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
};
const char* to_string(Cause cause);

/// Every cause, in this order.
inline constexpr std::array kCauses{
    Cause::weight_scale,         Cause::weight_alignment,  Cause::activation_derivative,
    Cause::derivative_alignment, Cause::residual_shortcut, Cause::residual_branch,
    Cause::residual_gate,        Cause::dropout,           Cause::shape,
    Cause::normalisation,        Cause::pooling,           Cause::recurrence};
static_assert(kCauses.size() == static_cast<std::size_t>(Cause::recurrence) + 1);

struct LedgerPart {
  Cause cause = Cause::shape;
  double log2 = 0;
};

/// One line of the books: a layer of the main chain, or of the inside of a residual block.
struct LedgerEntry {
  std::string path;
  std::string kind;
  double log2_grad_out = 0;  ///< true log2 rms of the gradient with respect to the layer's output
  double log2_grad_in = 0;   ///< and to its input
  double attenuation = 0;    ///< log2_grad_in - log2_grad_out; negative is a loss
  std::vector<LedgerPart> parts;  ///< sum to `attenuation` exactly (to rounding)
  /// Of a residual block: the books of its branch, not part of the sum.
  std::vector<LedgerEntry> branch;
  std::vector<LedgerEntry> shortcut;  ///< likewise of the layers on its shortcut, if any
  std::vector<LedgerEntry> gate;      ///< and of the linear layer of a highway's gate
};

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
  /// Path of the layer whose input gradient has no logarithm (it has no entry); empty if the books
  /// reach the input. With no entry at all it is the last layer, and its output gradient is meant.
  std::string ends_at;
  std::string ends_because;   ///< "the gradient with respect to its input is zero everywhere"
  bool ends_in_zero = false;  ///< that gradient was recorded, and is zero everywhere

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
Ledger make_ledger(const RunInfo& info, const StepRecord& step);

/// The flow at one depth of the network: what the profile over depth draws.
struct FlowPoint {
  std::string path;             ///< of a linear layer
  std::string beside;           ///< "gate", "proj": not on the chain, but beside a block's branch
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
