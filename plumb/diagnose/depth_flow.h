// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plumb/flow/ledger.h"

namespace plumb {

/// What one backward pass does to the gradient between the output of the network's last layer with
/// weights and that of its first one, and who did it, against what is normal for the layers in
/// between.
///
/// Units      log2 of norms of one sample's gradient (a change of width costs nothing). The parts
///            add up to log2_total. Pooling is left out: spreading a gradient over n places divides
///            its norm by sqrt(n) whatever the weights, and the weights below sum over the places.
/// Normal     A relu halves the mean square of the gradient, which He initialisation makes good. So
///            the activations are booked by how far they are from the f' of their healthy kind
///            (activation_facts.h), and the weights by how far they are from making that good.
///            Normalisation undoes the size of the weights in front of it: where every other linear
///            layer or more has one, both are booked as one.
/// Waking     Layers that started at zero and are on their way from there (zero_start.h) are left
///            out too: what they keep from the others passes by itself. Where the gradient ends in
///            one, or where one is the last, depth begins below it.
struct DepthFlow {
  bool known = false;        ///< at least one linear layer could be judged
  double log2_total = 0;     ///< -infinity if the gradient ends on the way
  int linear_layers = 0;     ///< crossed on the way
  std::string top;           ///< the last layer with weights
  std::string bottom;        ///< the lowest layer whose output gradient could be judged
  std::string ends_because;  ///< of a gradient that ends

  double weight = 0;         ///< weight scale beyond what the activations need
  double derivative = 0;     ///< activation derivatives beyond what is normal for their kind
  double alignment = 0;      ///< of gradients to weights and to derivatives
  double residual = 0;       ///< shortcuts and branches of residual blocks
  double normalisation = 0;  ///< normalisation, and the weights whose size it undoes
  double recurrence = 0;     ///< recurrent layers: judged by the rules through time, not by depth
  double other = 0;          ///< dropout, reshapes, pooling

  double mean_log2_gain = 0;  ///< weight scale of a linear layer, as log2(rms(weight) sqrt(fan_in))
  double mean_log2_derivative = 0;  ///< log2 rms f' of an activation
  std::string activation;  ///< the activation with the largest part in `derivative`, or the first
  int residual_blocks = 0;
  int normalisations = 0;

  double log2_per_layer() const { return linear_layers > 0 ? log2_total / linear_layers : 0; }
  /// log2_total without the recurrent layers on the way: what the depth rules judge.
  double log2_judged() const { return log2_total - recurrence; }
  double log2_judged_per_layer() const {
    return linear_layers > 0 ? log2_judged() / linear_layers : 0;
  }
};

DepthFlow depth_flow(const RunInfo& info, const Ledger& ledger,
                     const std::unordered_set<std::string_view>& waking = {});

/// Which part of a DepthFlow did most of it, in the direction of the total.
enum class FlowCause { weight, derivative, alignment, residual, normalisation, other };
FlowCause main_cause(const DepthFlow& flow);

/// One sentence or two: which factor of the chain rule took how many of the total, and what is
/// normal.
std::string cause_text(const RunInfo& info, const DepthFlow& flow);

/// Words of advice that fit the main cause, the best first.
std::vector<std::string> remedies_for(const RunInfo& info, const DepthFlow& flow);

/// The limits of vanishing_gradient and exploding_gradient, one set for both words: log2 of the
/// ratio of the gradient's norm over the depth of the network. Sick is what passes both of the
/// first two, or the third alone. Calibrated on healthy and sick networks:
/// docs/rules/vanishing_gradient.md.
inline constexpr double kFlowLog2Total = 6.644;    ///< a factor of 100
inline constexpr double kFlowLog2PerLayer = 0.25;  ///< a factor of 1.19 a layer
inline constexpr double kFlowLog2Extreme = 9.966;  ///< a factor of 1000

}  // namespace plumb
