// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/data_names.h"

#include <fmt/format.h>

namespace plumb::words {

std::string column_text(const Telling& telling) {
  const long long number = telling.count(Quantity::column_number);
  const auto& data = telling.info.data_info;
  const auto place = static_cast<std::size_t>(number);
  if (data && place < data->inputs.size() && !data->inputs[place].name.empty()) {
    return fmt::format("column '{}'", data->inputs[place].name);
  }
  return fmt::format("column {} (counted from 0)", number);
}

std::string target_text(const Telling& telling) {
  const auto& data = telling.info.data_info;
  return data && data->targets.size() > 1
             ? fmt::format("target {} (counted from 0)", telling.count(Quantity::column_number))
             : "the targets";
}

}  // namespace plumb::words
