// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "plumb/data/csv_table.h"
#include "plumb/data/dataset.h"

namespace plumb {

/// Fills labels, classes and class_names from a column of classes.
///
/// Whole numbers (1 and 1.0 alike) from 0 on are the classes themselves, classes = largest + 1, as
/// long as at least half of them occur or fewer than ten are left out. Other whole numbers (1 to 5;
/// -1 and 1) and words are numbered by their order: numbers by value, then words by bytes. Names
/// in a first line of counts name the classes 0 to K - 1.
///
/// Errors  DataError naming line and column: fractions, more than 2^20 classes.
void read_labels(const CsvTable& table, std::size_t column, const std::vector<std::size_t>& rows,
                 Dataset& data);

}  // namespace plumb
