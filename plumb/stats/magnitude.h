// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "plumb/core/strided_view.h"
#include "plumb/core/view.h"

namespace plumb {

/// What the Network needs to keep a backward signal in a safe band: its size, and exact rescaling;
/// and what a recorder asks of tensors in any memory, without a copy of the whole.
///
/// Threads Free functions; calls on different data are independent. None of them allocates.

/// The largest |x|: NaN are passed over, +infinity if there is an infinity, 0 of nothing.
float abs_max(std::span<const float> x);
double abs_max(std::span<const double> x);

/// x <- x * 2^log2 in place, rounded once (as std::scalbn does) for any log2, also beyond the
/// exponents of the type. Exact unless the result is subnormal or overflows.
void scale_by_power_of_two(View x, int log2);

/// log2 of sqrt(sum x^2 / n), never out of range itself: -infinity if all are zero or there is
/// nothing, NaN or +infinity if x holds one. To 1e-6 for float, of which a few thousand at a time
/// are added up as floats; to rounding for double.
double log2_rms(ConstView x);
double log2_rms(const StridedView& x);

/// sum a_i * b_i, accumulated in double. Errors: std::logic_error if dtype or size differ.
double dot(ConstView a, ConstView b);
/// Of any two types, element by element of the same index. Errors: ShapeError if extents differ.
double dot(const StridedView& a, const StridedView& b);

}  // namespace plumb
