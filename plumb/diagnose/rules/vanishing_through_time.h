// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The gradient of a recurrent layer shrinks on its way from the last time step to the
///            first, so that what happened early in a sequence has no part in learning.
/// Measured   What is kept of the gradient of the last state: the ratios of all steps multiplied,
///            without what the layers above add on the way (a loss at every time step keeps
///            dLoss/dh_t level though nothing is remembered). It is a ratio over the whole sequence, so it is
///            relative to its length: 0.99 a step is fine over 100 steps and not over 1000.
/// Threshold  A loss by 1000 over the sequence (6.9 e-folds). Our choice:
///            docs/rules/vanishing_through_time.md. Critical below 2^-24 while it lasts: the first
///            steps' part in the gradient of the shared weights is then below the rounding of a
///            float. A note where training has mended it, and the
///            network has not stayed at the best constant answer. Shown by the first measured step, or by
///            two one after another.
/// False alarms  A task whose answer lies in the last steps; an lstm that starts with half-open
///            forget gates and opens them while it learns.
/// Advice     By the books: gates for the length, a gated cell, an orthogonal recurrent weight.
void check_vanishing_through_time(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
