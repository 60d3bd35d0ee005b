// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/core/view.h"

namespace plumb {

/// y = shortcut + scale * branch, elementwise; all of one shape and dtype.
void join_forward(ConstView shortcut, ConstView branch, double scale, View y);

/// out = scale * x.
void scaled_copy(ConstView x, double scale, View out);

/// a = a * 2^log2_a + b * 2^log2_b; the exponents bring both to a common scale.
/// Precondition: an exponent above 0 belongs to an operand of zeros.
void add_scaled(View a, int log2_a, ConstView b, int log2_b);

}  // namespace plumb
