// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    No weight gets a gradient: it is zero everywhere before it comes to the last layer
///            with weights, while the loss is not small.
/// Measured   Where the books of the backward pass end (ledger.h): at an activation behind the last
///            linear layer whose derivative is zero for every sample, or at the loss itself. One that
///            ends further down is vanishing_gradient's; one that was not recorded says nothing; one
///            that is small is not zero: magnitudes are true ones below the range of float too.
/// Threshold  Zero, in the first measured step or in two one after another. A step whose loss is
///            below kDoneFraction of the reference loss (learning.h) is not judged: an optimum has
///            no gradient.
/// False alarms  None known.
/// Advice     The loss takes the linear layer's output as it is: take the activation away.
void check_zero_gradient(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
