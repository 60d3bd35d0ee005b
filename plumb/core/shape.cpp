// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/shape.h"

#include "plumb/core/error.h"

namespace plumb {

void detail::refuse_shape(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents) {
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  }
  throw UsageError("Shape: extents [" + text + "], expected at most " +
                   std::to_string(Shape::kMaxRank) + ", none of them negative");
}

Shape Shape::with_batch(std::int64_t batch) const {
  if (rank_ == 0) throw UsageError("Shape::with_batch of a scalar: it has no axis to replace");
  Shape result = *this;
  result.extents_[0] = batch;
  return result;
}

Shape Shape::row_shape() const { return Shape(extents().subspan(rank_ > 0 ? 1 : 0)); }

std::string Shape::to_string() const {
  std::string text = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string((*this)[axis]);
  }
  return text + "]";
}

}  // namespace plumb
