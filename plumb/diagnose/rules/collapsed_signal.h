// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    All samples look alike to the last layers: what tells them apart is lost on the way,
///            and the output hardly depends on the input.
/// Measured   The similarity of normalised samples (SignalRecord) in the last hidden layer's output
///            of the chain, against that of the data themselves, at the start.
/// Threshold  Less than kAlike is left of what tells two samples apart (1 - similarity), which is
///            less than a quarter of what the data have; critical below kVeryAlike; a note where
///            training has taken the samples apart since. Our choice, beside theory: in a wide relu
///            network with He's weights 1 - similarity goes as 9 pi^2 / (2 l^2), 0.028 behind 30
///            layers: docs/rules/collapsed_signal.md.
/// Silent     where the samples of the data are alike themselves; on a chain with residual blocks,
///            whose branches get what tells samples apart however small it is beside the sum.
/// Advice     residual shortcuts; fewer layers; an activation whose fixed point is not 1.
/// Source     Poole et al. 2016; Schoenholz et al. 2017; Hayou et al. 2019.
void check_collapsed_signal(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kAlike = 0.03;
inline constexpr double kVeryAlike = 0.004;

}  // namespace plumb
