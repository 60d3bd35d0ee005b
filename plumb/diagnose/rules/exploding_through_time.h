// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The gradient of a recurrent layer grows on its way from the last time step to the
///            first, so that the oldest inputs decide over every step of the training.
/// Measured   As in vanishing_through_time, with the other sign.
/// Threshold  A growth by 100 over the sequence; critical from 1000 on while it lasts. Our choice,
///            calibrated: docs/rules/exploding_through_time.md. Shown by the first measured step, or by two
///            one after another.
/// False alarms  None known. Clipping hides what follows from it and is left out of the
///            measurement: the gradient through time is that before clipping.
/// Advice     Clipping, an orthogonal recurrent weight, a gated cell, truncation with a warning.
void check_exploding_through_time(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
