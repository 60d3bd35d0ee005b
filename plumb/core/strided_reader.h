// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "plumb/core/strided_view.h"

namespace plumb {

/// Reads the elements of a view in row-major order, a piece at a time and each piece contiguous, so
/// that a kernel for contiguous memory serves any strides without a copy of the whole.
///
/// A piece is the tensor's own memory where `most` elements (or all that are left) lie there in a
/// row, else a copy in `buffer`.
///
/// Threads Use one object from one thread. Allocates nothing.
class StridedReader {
 public:
  explicit StridedReader(const StridedView& view);

  struct Piece {
    const void* data = nullptr;
    std::size_t count = 0;  ///< 0 behind the last
  };
  /// The next at most `most` > 0 elements. `buffer` has space for so many, aligned to them.
  Piece next(std::size_t most, void* buffer);

 private:
  template <class Bits>
  std::size_t fill(Bits* to, std::size_t most);
  void advance(std::int64_t count, int axis);

  StridedView view_;           ///< collapsed
  StridedView::Axes index_{};  ///< of the next element
  std::int64_t offset_ = 0;    ///< its place, in elements behind data
  std::int64_t left_ = 0;
};

}  // namespace plumb
