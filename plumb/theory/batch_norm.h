// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/theory/activation_function.h"

namespace plumb::theory {

/// Growth per layer of the squared norm of the gradient, towards the input, in a deep chain
/// dense > bn > f > dense > bn > f ... at initialisation: batch normalisation makes gradients
/// explode.
///
///   large batch        E f'^2 / Var f at q = 1; relu: pi / (pi - 1), in norm 1.2112
///   identity, batch B  (B - 2) / (B - 3); infinite up to B = 3
///
/// Source  Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz 2019, arXiv:1902.08129.
double batch_norm_growth(const ActivationFunction& activation);
/// Errors  SpecError for a batch below 2.
double linear_batch_norm_growth(std::int64_t batch);

}  // namespace plumb::theory
