// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "plumb/core/strided_view.h"

namespace plumb {

/// Elements of a smaller type as a larger one, exactly: infinities, NaN and subnormals stay what
/// they are.
///
/// Errors  std::logic_error for doubles as float.
/// Threads Free functions; calls on different data are independent. None of them allocates.
void widen(ElementType type, const void* x, std::size_t n, float* to);
void widen(ElementType type, const void* x, std::size_t n, double* to);

}  // namespace plumb
