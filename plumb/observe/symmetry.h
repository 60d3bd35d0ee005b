// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/core/strided_view.h"

namespace plumb {

/// How many rows of a [rows, ...] tensor repeat an earlier row bit for bit. Units with equal
/// incoming weights compute the same output and, with equal outgoing weights, get the same gradient
/// for ever.
std::int64_t duplicate_rows(ConstView x);
/// The same of any tensor, whose rows are what stands at each index of `axis`.
std::int64_t duplicate_rows(const StridedView& x, int axis);

}  // namespace plumb
