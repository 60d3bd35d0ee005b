// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/record/finding.h"

namespace plumb {

/// What one backward pass does to the gradient between the output of the network's last layer with
/// weights and that of its first one, and who did it, against what is usual for the layers in
/// between.
///
/// Units      log2 of norms of one sample's gradient (a change of width costs nothing). The parts
///            add up to log2_total. Pooling is left out: spreading a gradient over n places divides
///            its norm by sqrt(n) whatever the weights, and the weights below sum over the places.
/// Usual      A relu halves the mean square of the gradient, which He initialisation makes good. So
///            the activations are booked by how far they are from the f' of their healthy kind
///            (ActivationTraits::usual_log2_derivative), and the weights by how far they are from
///            making that good. Normalisation undoes the size of the weights in front of it: where
///            every other linear layer or more has one, both are booked as one.
/// Unknown    Where the usual f' of an activation is not known, neither it nor the weight of the
///            linear layer above it can be judged: only what both do together was measured, and
///            both are booked as one (`together`).
/// Left out   Layers that started at zero and are on their way from there (zero_start.h) are left
///            out too: what they keep from the others passes by itself. Where the gradient ends in
///            one, or where one is the last, depth begins below it.
struct DepthFlow {
  bool known = false;      ///< at least one linear layer could be judged
  double log2_total = 0;   ///< -infinity if the gradient ends on the way
  int linear_layers = 0;   ///< crossed on the way
  LayerId top = kNoLayer;  ///< the last layer with weights
  /// The lowest layer whose output gradient could be judged; of a gradient that ends, where it
  /// does.
  LayerId bottom = kNoLayer;
  bool reaches_first = false;        ///< `bottom` is the first layer with weights
  LedgerEnd ends = LedgerEnd::none;  ///< why a gradient ends
  bool ends_at_output = false;       ///< at the output of `bottom`, else at its input

  double weight = 0;         ///< weight scale beyond what the activations need
  double derivative = 0;     ///< activation derivatives beyond what is usual for their kind
  double together = 0;       ///< of both, where they are not told apart
  double alignment = 0;      ///< of gradients to weights and to derivatives
  double residual = 0;       ///< shortcuts and branches of residual blocks
  double normalisation = 0;  ///< normalisation, and the weights whose size it undoes
  double recurrence = 0;     ///< recurrent layers: judged by the rules through time, not by depth
  double other = 0;          ///< dropout, reshapes, attention, what is not taken apart

  /// Of the layers of family `other` the one with the largest part in `other`, alike ones (of one
  /// LayerInfo::function) together: the strongest of them, their part, and how many there are.
  LayerId single = kNoLayer;
  double single_log2 = 0;
  int single_layers = 0;
  bool normalises_rows = false;  ///< they are softmax

  double mean_log2_gain = 0;  ///< weight scale of a linear layer, as log2(rms(weight) sqrt(fan_in))
  double mean_log2_derivative = 0;  ///< log2 rms f' of an activation
  /// Of the activations with the same traits that have the largest part in `derivative`, the one
  /// next to the input; kNoLayer without activations whose usual f' is known.
  LayerId activation = kNoLayer;
  LayerId unjudged = kNoLayer;  ///< the same of those whose usual f' is not, in `together`
  int residual_blocks = 0;
  int normalisations = 0;
  bool undoes_weights = false;  ///< normalisation is booked as one with the weights
  int linear_together = 0;      ///< linear layers of those booked in `together`

  bool stops() const { return ends != LedgerEnd::none; }
  double log2_per_layer() const { return linear_layers > 0 ? log2_total / linear_layers : 0; }
  /// log2_total without the recurrent layers on the way: what the depth rules judge.
  double log2_judged() const { return log2_total - recurrence; }
  double log2_judged_per_layer() const {
    return linear_layers > 0 ? log2_judged() / linear_layers : 0;
  }
};

/// `leaving` in ascending order.
DepthFlow depth_flow(const LayerGraph& graph, const Ledger& ledger,
                     std::span<const LayerId> leaving = {});

/// Which part of a DepthFlow did most of it, in the direction of the total: one of
/// activation_derivative, weight_scale, weights_and_derivatives, residual_branch, alignment,
/// normalisation and other_layers, which is single_layer or row_normalisation where one did half of
/// that; of a gradient that ends gradient_is_zero, zero_weight or zero_derivative.
CauseKind main_cause(const DepthFlow& flow);

/// The main cause with its share of the total and the numbers that show it.
FindingCause flow_cause(const RunInfo& info, const DepthFlow& flow);

/// What fits the main cause, the best first.
std::vector<Remedy> flow_remedies(const RunInfo& info, const DepthFlow& flow);

/// The limits of vanishing_gradient and exploding_gradient, one set for both words: log2 of the
/// ratio of the gradient's norm over the depth of the network. Sick is what passes both of the
/// first two, or the third alone. Calibrated on healthy and sick networks:
/// docs/rules/vanishing_gradient.md.
inline constexpr double kFlowLog2Total = 6.644;    ///< a factor of 100
inline constexpr double kFlowLog2PerLayer = 0.25;  ///< a factor of 1.19 a layer
inline constexpr double kFlowLog2Extreme = 9.966;  ///< a factor of 1000
/// The limit of exploding_gradient where normalisation makes it and the network learns badly: a
/// factor of 45, which 20 layers of batch normalisation and relu make by 1.21 each (Yang et al.
/// 2019).
inline constexpr double kFlowLog2Normalised = 5.5;

}  // namespace plumb
