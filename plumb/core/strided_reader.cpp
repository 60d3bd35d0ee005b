// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/strided_reader.h"

#include <algorithm>
#include <cstring>

namespace plumb {
namespace {

/// Four at a time, so that neither loads nor addresses wait for each other.
template <class Bits>
void copy_apart(Bits* to, std::int64_t to_stride, const Bits* from, std::int64_t from_stride,
                std::int64_t count) {
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const Bits a = from[0], b = from[from_stride], c = from[2 * from_stride],
               d = from[3 * from_stride];
    to[0] = a;
    to[to_stride] = b;
    to[2 * to_stride] = c;
    to[3 * to_stride] = d;
    from += 4 * from_stride;
    to += 4 * to_stride;
  }
  for (; i < count; ++i) to[(i & 3) * to_stride] = from[(i & 3) * from_stride];
}

template <class Bits>
void copy_run(Bits* to, const Bits* from, std::int64_t count, std::int64_t stride) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(Bits));
  } else if (stride == 2) {  // a constant, which compilers turn into shuffles
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[2 * i];
  } else {
    copy_apart(to, 1, from, stride, count);
  }
}

/// rows x columns elements to row-major order, by the longer of the two loops.
template <class Bits>
void copy_rows(Bits* to, const Bits* from, std::int64_t rows, std::int64_t row_stride,
               std::int64_t columns, std::int64_t stride) {
  constexpr std::int64_t kLongRun = 16;
  if (columns >= std::min(rows, kLongRun)) {
    for (std::int64_t row = 0; row < rows; ++row) {
      copy_run(to + row * columns, from + row * row_stride, columns, stride);
    }
    return;
  }
  for (std::int64_t column = 0; column < columns; ++column) {
    copy_apart(to + column, columns, from + column * stride, row_stride, rows);
  }
}

}  // namespace

StridedReader::StridedReader(const StridedView& view)
    : view_(collapse(view)), left_(view_.size()) {}

StridedReader::Piece StridedReader::next(std::size_t most, void* buffer) {
  const int inner = view_.rank - 1;
  const std::int64_t wanted =
      std::min(left_, static_cast<std::int64_t>(std::min<std::size_t>(most, INT64_MAX)));
  if (wanted > 0 && view_.strides[inner] == 1 && view_.sizes[inner] - index_[inner] >= wanted) {
    const auto* const at =
        static_cast<const std::byte*>(view_.data) + offset_ * size_bytes(view_.type);
    advance(wanted, inner);
    return {at, static_cast<std::size_t>(wanted)};
  }
  const auto count = static_cast<std::size_t>(wanted);
  switch (size_bytes(view_.type)) {
    case 2: return {buffer, fill(static_cast<std::uint16_t*>(buffer), count)};
    case 4: return {buffer, fill(static_cast<std::uint32_t*>(buffer), count)};
    default: return {buffer, fill(static_cast<std::uint64_t*>(buffer), count)};
  }
}

template <class Bits>
std::size_t StridedReader::fill(Bits* to, std::size_t most) {
  const auto* const data = static_cast<const Bits*>(view_.data);
  const int inner = view_.rank - 1, outer = view_.rank - 2;
  const std::int64_t columns = view_.sizes[inner], stride = view_.strides[inner];
  auto wanted = static_cast<std::int64_t>(most);
  while (wanted > 0) {
    std::int64_t rows = 0;
    if (outer >= 0 && index_[inner] == 0) {
      rows = std::min(view_.sizes[outer] - index_[outer], wanted / columns);
    }
    std::int64_t count = rows * columns;
    if (rows > 0) {
      copy_rows(to, data + offset_, rows, view_.strides[outer], columns, stride);
      advance(rows, outer);
    } else {
      count = std::min(columns - index_[inner], wanted);
      copy_run(to, data + offset_, count, stride);
      advance(count, inner);
    }
    to += count;
    wanted -= count;
  }
  return most;
}

/// `count` further along an axis, the later axes being at their begin, and at most to its end.
void StridedReader::advance(std::int64_t count, int axis) {
  std::int64_t elements = count;
  for (int later = axis + 1; later < view_.rank; ++later) elements *= view_.sizes[later];
  left_ -= elements;
  index_[axis] += count;
  offset_ += count * view_.strides[axis];
  for (; axis > 0 && index_[axis] == view_.sizes[axis]; --axis) {
    offset_ += view_.strides[axis - 1] - view_.sizes[axis] * view_.strides[axis];
    index_[axis] = 0;
    ++index_[axis - 1];
  }
}

}  // namespace plumb
