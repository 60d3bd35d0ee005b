// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The gradient shrinks on its way from the loss to the first layer, so that the early
///            layers of the network barely depend on it.
/// Measured   The flow gradient, dLoss/dz and dLoss/da between layers, never the parameter
///            gradients, which stay flat over depth when every layer's gain is wrong alike (Glorot
///            and Bengio 2010, eq. 14). The log2 ratio of its norm at the first layer with weights
///            to that at the last layer, and that per linear layer. A gradient that is small in all
///            layers alike, near an optimum, has the ratio 1.
/// Threshold  A loss by 100 over the depth and by 1.19 (2^-0.25) a layer; or by 1000 over the depth
///            alone. Our choice: docs/rules/vanishing_gradient.md. Shown by the first
///            measured step, or by two one after another; it is remembered when an optimiser
///            rescales it away later. Layers that started at zero and leave it are not counted
///            (zero_start.h); where the last measured step ends in one of them, a note says that
///            what is below was not seen.
/// False alarms  A narrow relu net far deeper than wide loses this much by chance alone (Hanin
///            2018).
/// Advice     By the cause in the ledger: see depth_flow.h.
void check_vanishing_gradient(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
