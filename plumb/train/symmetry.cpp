// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/symmetry.h"

#include <string_view>
#include <unordered_set>

namespace plumb {

std::int64_t duplicate_rows(ConstView x) {
  const auto row_bytes = static_cast<std::size_t>(x.shape.row_size() * size_bytes(x.dtype));
  std::unordered_set<std::string_view> seen;
  seen.reserve(static_cast<std::size_t>(x.shape[0]));
  std::int64_t duplicates = 0;
  for (std::int64_t row = 0; row < x.shape[0]; ++row) {
    const char* begin =
        static_cast<const char*>(x.data) + static_cast<std::size_t>(row) * row_bytes;
    if (!seen.insert(std::string_view(begin, row_bytes)).second) ++duplicates;
  }
  return duplicates;
}

}  // namespace plumb
