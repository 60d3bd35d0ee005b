// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plumb/data/csv_features.h"
#include "plumb/data/csv_missing.h"
#include "plumb/data/csv_table.h"
#include "plumb/data/dataset.h"

namespace plumb {

/// Rows that have what is to be learned and, where asked for, all features.
struct CsvRows {
  std::vector<std::size_t> kept;
  std::size_t unlabelled = 0;
  std::size_t incomplete = 0;
};

/// All that was decided of a table.
struct CsvDecisions {
  const CsvTable& table;
  const std::string& encoding;
  const CsvRows& rows;
  const CsvFeatures& features;
  const MissingOption& missing;
  const std::vector<std::size_t>& learned;
  const Dataset& data;
};

/// One line for the user: "clinic.csv: semicolons, decimal commas, header; 200 rows; 5 inputs from
/// 'age, years', weight_kg, site (one-hot: east, north, south); missing: weight_kg (12), filled
/// with the mean of the training part; dropped id (row numbers), visited (dates); label outcome: 5
/// classes, 1, 2, 3, 4, 5 as 0 to 4".
std::string csv_note(const CsvDecisions& decisions);

}  // namespace plumb
