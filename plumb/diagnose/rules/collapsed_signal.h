// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    All samples look alike to the last layers: what tells them apart is lost on the way,
///            and the output hardly depends on the input.
/// Measured   At the start, in the last hidden layer's output of the chain and in the data
/// themselves
///            (SignalRecord): the similarity of normalised samples, and the effective number of
///            directions that they spread over about their mean.
/// Threshold  Less than kAlike is left of what tells two samples apart (1 - similarity), which is
///            less than a quarter of what the data have, and what is left spreads over
///            kFewDirections or fewer, where the data have kSomeDirections: biases alone bring the
///            similarity near 1, and leave the directions as they are. Critical below kVeryAlike; a
///            note where training has taken the samples apart since. Our choice, beside theory: in
///            a wide relu network with He's weights 1 - similarity goes as 9 pi^2 / (2 l^2), 0.028
///            behind 30 layers: docs/rules/collapsed_signal.md.
///            One layer: its samples spread over kOneDirection where those that it reads spread over
///            kSomeDirections; its weight has rank one, or nearly.
/// Silent     where the samples of the data are alike themselves; on a chain with residual blocks,
///            whose branches get what tells samples apart however small it is beside the sum; with
///            bounded activations, whose outputs share a mean or lose the gradient as well.
/// Advice     residual shortcuts; fewer layers; an activation whose fixed point is not 1.
/// Source     Poole et al. 2016; Schoenholz et al. 2017; Hayou et al. 2019.
void check_collapsed_signal(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kAlike = 0.03;
inline constexpr double kVeryAlike = 0.004;
inline constexpr int kDeep = 10;  ///< layers with weights: fewer do not do it by themselves
inline constexpr double kFewDirections = 2.5;
inline constexpr double kOneDirection = 1.05;
inline constexpr double kSomeDirections = 3;

}  // namespace plumb
