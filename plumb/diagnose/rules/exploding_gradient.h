// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The gradient grows: over depth, from the loss to the first layer, or over time, from
///            the first steps to now. It is a ratio and shows long before a NaN.
/// Measured   Over depth: as in vanishing_gradient, with the other sign and the same thresholds.
///            Over time: the norm of all parameter gradients against its median in the first ten
///            steps.
/// Threshold  Over depth: 100 and 2^0.25 a layer, or 1000; where normalisation makes it, and the
///            network came less than half of the way after its steps, kFlowLog2Normalised. Over time: 1000. Our choice:
///            docs/rules/exploding_gradient.md.
/// False alarms  A network that starts with a gradient near zero (zero output layer) and then finds
///            one: the median over ten steps and the factor leave room for it.
/// Advice     By the cause in the ledger; over time: a lower rate, warm-up, clipping.
void check_exploding_gradient(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
