// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/symmetry.h"

#include <cstring>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plumb/core/strided_reader.h"

namespace plumb {

namespace {

std::int64_t duplicates(const char* rows, std::size_t row_bytes, std::int64_t count) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(static_cast<std::size_t>(count));
  std::int64_t found = 0;
  for (std::int64_t row = 0; row < count; ++row) {
    const char* begin = rows + static_cast<std::size_t>(row) * row_bytes;
    if (!seen.insert(std::string_view(begin, row_bytes)).second) ++found;
  }
  return found;
}

}  // namespace

std::int64_t duplicate_rows(ConstView x) {
  const auto row_bytes = static_cast<std::size_t>(x.shape.row_size() * size_bytes(x.dtype));
  return duplicates(static_cast<const char*>(x.data), row_bytes, x.shape[0]);
}

std::int64_t duplicate_rows(const StridedView& x, int axis) {
  const std::int64_t rows = x.sizes[static_cast<std::size_t>(axis)];
  const auto element = static_cast<std::size_t>(size_bytes(x.type));
  const std::size_t row_size = rows == 0 ? 0 : static_cast<std::size_t>(x.size() / rows);
  // In doubles, so that every element type may stand there.
  std::vector<double> buffer((static_cast<std::size_t>(rows) * row_size * element + 7) / 8);
  char* const bytes = reinterpret_cast<char*>(buffer.data());
  char* to = bytes;
  std::vector<double> row_buffer(row_size);
  for (std::int64_t row = 0; row < rows; ++row) {
    StridedReader reader(x.narrow(axis, row, 1));
    for (std::size_t left = row_size; left > 0;) {
      const auto piece = reader.next(left, row_buffer.data());
      std::memcpy(to, piece.data, piece.count * element);
      to += piece.count * element;
      left -= piece.count;
    }
  }
  return duplicates(bytes, row_size * element, rows);
}

}  // namespace plumb
