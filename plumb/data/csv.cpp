// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv.h"

#include <fmt/format.h>

#include "plumb/core/error.h"
#include "plumb/data/csv_assemble.h"
#include "plumb/data/file_bytes.h"

namespace plumb {

Dataset parse_csv(std::string_view bytes, const CsvOptions& options, const std::string& place) {
  const OpenCsv open({bytes, options, place});
  const bool classes = !options.label.empty();
  if (!classes && options.target.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : open.table.names) names.push_back(shown(name));
    throw DataError(fmt::format(
        "{}: no column to learn, expected ?label=COLUMN (classes) or ?target=COLUMN (numbers) with "
        "one of {}",
        place, short_list(names, 30)));
  }
  const std::vector<std::size_t> learned = learned_columns(open.table, options);
  const CsvFeatures features = choose_features(open.table, learned, options, open.missing);
  const CsvRows rows = choose_rows(open.table, learned, classes, features, open.missing);
  return assemble(open, learned, classes, features, rows);
}

Dataset read_csv(const std::string& path, const CsvOptions& options) {
  const auto bytes = read_file(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, path);
}

}  // namespace plumb
