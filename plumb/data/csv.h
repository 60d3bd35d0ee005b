// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plumb/data/csv_options.h"
#include "plumb/data/dataset.h"
#include "plumb/data/other_data.h"

namespace plumb {

/// Reads a table as people have them (table_text.h: encodings; csv_table.h: separators, headers;
/// csv_features.h: what becomes of the columns; csv_labels.h: classes): x [samples, features], and
/// labels or y [samples, targets]; `columns` and `class_names` name them. One note says what the
/// file was taken for.
///
/// Rows whose label or target is missing are dropped. A missing number of a feature is NaN where
/// na=mean (the default), for fill_missing() to replace once it is known which samples train;
/// missing words are 0 in all their columns.
///
/// Errors  DataError naming file, line and column, with what was given and expected, and the option
///         that helps.
Dataset read_csv(const std::string& path, const CsvOptions& options);

/// The same, of the bytes of a file; `place` begins the message of every error.
Dataset parse_csv(std::string_view bytes, const CsvOptions& options, const std::string& place);

/// The bytes of a table with what is known of it; `place` begins the message of every error.
struct CsvFile {
  std::string_view bytes;
  CsvOptions options;
  std::string place;
};

/// Another table, as a network sees it that was trained on `training`: its features are the columns
/// that were features there, found by name (by place where one of the tables has no header, or a
/// name is not the only one of its kind) and encoded as there. A word that the training had not is
/// 0 in all inputs of its column, with a note; columns that the training had not are left out. What
/// `options` say of the file (separator, header) and which column is learned is that of `file`; the
/// latter, where nothing else is said, that of the training. Without `training` the table stands
/// for itself.
/// Errors  as read_csv(); DataError for a column of the training that is not there.
OtherData parse_other_csv(const CsvFile& file, const CsvFile* training, LabelUse labels);

}  // namespace plumb
