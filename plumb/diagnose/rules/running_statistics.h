// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    In use the network answers otherwise than in training: its normalisation takes
///            running statistics there, and they are not those of the batches.
/// Measured   Loss and accuracy of a training batch in use (StepRecord::inference_loss) against
///            those of the training at the end, of a network with a layer that keeps running
///            statistics (LayerInfo::running_momentum) and that learns.
/// Threshold  A quarter of what was gained on the baseline is missing in use, by the loss or by the
///            accuracy, beyond the noise. Critical where more than half of it
///            is. Our choice: docs/rules/running_statistics.md.
/// Cause      After n steps of momentum m a part (1 - m)^n of the start is left in the statistics:
///            above 1/20 the momentum is too small for so few steps. Else the network moves faster
///            than they follow, or the batches differ from each other.
/// False alarms  The first steps of a training, which were evaluated at once and not again.
/// Advice     The momentum that leaves 1/100 of the start, 0.1 at least; else a lower rate.
void check_running_statistics(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
