// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/data/dataset.h"
#include "plumb/data/other_data.h"

namespace plumb {

/// load_dataset(), but numbers that a table lacks are still NaN in x.
Dataset load_with_gaps(const std::string& text, std::uint64_t seed);

/// load_split() with these gaps, not standardised.
Split load_parts_with_gaps(const std::string& text, const DataOptions& options);

/// load_with_gaps() of data that look like the training's, whose text and loaded part are
/// `training` and `train`, or "" and null where nothing is known of it. Labels have the numbers and
/// names of their own.
OtherData load_other_with_gaps(const std::string& text, const std::string& training,
                               const Dataset* train, std::uint64_t seed, LabelUse labels);

/// Replaces each NaN of a column by the mean that the column has in `train`, 0 if it has none. x is
/// [samples, columns] in all parts, or has no NaN.
void fill_gaps(const Dataset& train, Tensor& x);

}  // namespace plumb
