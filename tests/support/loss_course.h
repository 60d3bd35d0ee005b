// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/record/run.h"

namespace plumb::test {

/// The run drawn out to `steps` steps, all like its last one, whose losses go straight from one of
/// `losses` to the next, in equal parts, with noise of deviation `noise` of the loss; the accuracy
/// goes along, 1 at a loss of zero. The baseline is that of ten equal classes. Every tenth step is
/// measured, and the last.
Run with_losses(Run run, int steps, const std::vector<double>& losses, double noise = 0.01);

}  // namespace plumb::test
