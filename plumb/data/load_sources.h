// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/data/dataset.h"

namespace plumb {

/// load_dataset(), but numbers that a table lacks are still NaN in x.
Dataset load_with_gaps(const std::string& text, std::uint64_t seed);

/// Replaces each NaN of a column by the mean that the column has in `train`, 0 if it has none. x is
/// [samples, columns] in all parts, or has no NaN.
void fill_gaps(const Dataset& train, Tensor& x);

}  // namespace plumb
