// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Takes away what stands behind the last linear layer: activations and softmax. The losses for
/// classes take logits, and values of any size need an output that has them.
/// Applies  where there is such a layer.
Rewritten remove_output_activation(const Patient& patient, const CureArguments& arguments);

/// The last linear layer gets `units` outputs.
/// Applies  where that many are asked for and it has fewer.
Rewritten enlarge_output(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
