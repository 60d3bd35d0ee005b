// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    A normalisation over one value, two or three: of one value nothing is left (it less
///            its mean), of two the sign of their difference.
/// Measured   Values that share a mean: of a normalisation with running statistics all values of a
///            channel in the batch, of another one at most the units of a sample. Groups of one
///            and of two are told by what they give in the first step, where all scales are alike
///            and the shifts are zero: of one value nothing at all, whatever came in; of two the
///            scale or less it, and nothing else (of three values one is 1.22 deviations from their
///            mean at least).
/// Threshold  Two, and three of a batch, whose mean and deviation change with every step: a
///            warning; one is critical.
/// Silent     where the number of values is not known.
/// Advice     a larger batch; a normalisation over the features instead; none at that place.
void check_tiny_normalisation(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
