// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Hidden activations become leaky_relu of the slope at which orthogonal inputs end at a
/// correlation of `correlation` (0.9), the start orthogonal (delta_orthogonal) with its gain,
/// biases 0. A deep chain without joins or normalisation then tells its inputs apart, and passes
/// the gradient.
/// Applies  to chains of at least 8 activations without residual blocks, normalisation or recurrent
///          layers, whose hidden activations are not tailored already.
/// Source   theory/leaky_relu.h.
Rewritten tailor_activation(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
