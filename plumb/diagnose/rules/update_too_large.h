// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Steps that are large against the weights they change: the learning rate is too high.
/// Measured   rms(update) / rms(weight) of each linear layer (layer_pace.h: a weight that starts at
///            zero counts as half of 1/sqrt(fan_in)).
/// Threshold  For the median layer 1/10, the upper end of the usual band (log10 of -4 to -1; Ben
///            Braiek and Khomh 2022); for a single layer 1/2, since the output layer of a healthy
///            net reaches 0.36; in two measured steps one after another. Or 1, a step as large as
///            the weight, once. Where the network learns badly (learns_badly) under a momentum above
///            0.9, which takes a step the same way again for 1 / (1 - beta) steps, the first two are
///            lower by as many times as that is more than ten.
///            Calibration: docs/rules/update_too_large.md.
///            Not of lbfgs: a step of it is several, and how long each is it finds out itself.
/// False alarms  The first steps of adam at a deliberately high, warmed-up rate.
/// Cause      Weight decay, where that is most of the update; momentum, where the step adds up so
///            many gradients that one of them alone would have been in order; else the rate. A
///            loss that is summed over the batch (summed_loss.h) is said with the rate.
/// Advice     By the cause. How much lower the rate has to be is not known from a ratio, so no
///            number is named: cure/rate_sweep.h measures it.
void check_update_too_large(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kUpdateLog2 = -3.322;   ///< 1/10, of the median layer
inline constexpr double kLayerUpdateLog2 = -1;  ///< 1/2, of any layer

}  // namespace plumb
