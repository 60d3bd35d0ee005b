// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/core/view.h"

namespace plumb {

/// The arithmetic of residual joins, elementwise; all tensors of a call have one shape, dtype and
/// layout.

/// y = shortcut + scale * branch.
void join_forward(ConstView shortcut, ConstView branch, double scale, View y);

/// out = scale * x.
void scaled_copy(ConstView x, double scale, View out);

/// a = a * 2^log2_a + b * 2^log2_b; the exponents bring both to a common scale.
/// Precondition: an exponent above 0 belongs to an operand of zeros.
void add_scaled(View a, int log2_a, ConstView b, int log2_b);

/// transform = sigmoid(z), y = transform * branch + (1 - transform) * x.
/// Source  Srivastava, Greff, Schmidhuber 2015, arXiv:1505.00387, eq. 3.
void highway_forward(ConstView x, ConstView branch, ConstView z, View transform, View y);

/// The three ways of a gradient through it:
///   into_branch = T grad_y,  carried = (1 - T) grad_y,
///   grad_z = grad_y (branch - x) sigmoid'(z).
void highway_backward(ConstView x, ConstView branch, ConstView z, ConstView transform,
                      ConstView grad_y, View into_branch, View carried, View grad_z);

}  // namespace plumb
