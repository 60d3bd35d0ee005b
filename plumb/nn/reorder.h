// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/core/parallel.h"
#include "plumb/core/view.h"

namespace plumb {

/// Copies a tensor into another layout (core/layout.h); the shapes are equal, and one of the two
/// layouts is row_major or both are the same.
///
/// Threads Split by blocks of channels.
void reorder(ConstView from, View to, ThreadPool& pool);

/// As reorder(), of elements that are no numbers: a mask.
void reorder_bytes(const std::uint8_t* from, Layout from_layout, std::uint8_t* to, Layout to_layout,
                   const Shape& shape, ThreadPool& pool);

}  // namespace plumb
