// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/optim/optimiser.h"

namespace plumb {

/// Errors  SpecError for an unknown name, a value out of its range or an option that it does not have.
void check_config(const OptimiserConfig& config);

}  // namespace plumb
