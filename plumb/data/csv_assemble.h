// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "plumb/data/csv.h"
#include "plumb/data/csv_features.h"
#include "plumb/data/csv_missing.h"
#include "plumb/data/csv_note.h"
#include "plumb/data/csv_records.h"
#include "plumb/data/csv_table.h"
#include "plumb/data/table_text.h"

namespace plumb {

/// A table with all that its cells point into.
struct OpenCsv {
  /// Errors  DataError, as decode_table() and read_table().
  explicit OpenCsv(const CsvFile& file);
  OpenCsv(const OpenCsv&) = delete;
  OpenCsv& operator=(const OpenCsv&) = delete;
  ~OpenCsv() = default;

  TableText decoded;
  std::deque<CsvRecords> owners;
  CsvTable table;
  MissingOption missing;
};

/// The columns that label= or target= names. Errors  DataError: it is not there.
std::vector<std::size_t> learned_columns(const CsvTable& table, const CsvOptions& options);

/// The rows that have what is learned and, with na=drop, all features.
/// Errors  DataError: there is none, unless there may be none.
CsvRows choose_rows(const CsvTable& table, const std::vector<std::size_t>& learned, bool classes,
                    const CsvFeatures& features, const MissingOption& missing,
                    bool may_be_none = false);

/// The data of a table of which all is decided, with a note. Where nothing is learned it is a
/// regression with one target, all 0.
/// Errors  DataError naming line and column of a cell that is not of its kind.
Dataset assemble(const OpenCsv& open, const std::vector<std::size_t>& learned, bool classes,
                 const CsvFeatures& features, const CsvRows& rows);

}  // namespace plumb
