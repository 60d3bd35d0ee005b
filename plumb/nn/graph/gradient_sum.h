// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/core/view.h"
#include "plumb/nn/graph/gradient_pool.h"

namespace plumb {

/// out = scale * x, elementwise; both have one shape, dtype and layout.
void scaled_copy(ConstView x, double scale, View out);

/// sum += term, of gradients that may stand at different scales; both have one shape, dtype and
/// layout. The sum is brought to the larger scale, where a summand of nothing but zeros has no say;
/// a sum of zeros takes the bits of the term.
void add(Gradient& sum, const Gradient& term);

}  // namespace plumb
