// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/shape.h"

#include "plumb/core/error.h"

namespace plumb {

Shape Shape::with_batch(std::int64_t batch) const {
  PLUMB_CHECK(rank_ > 0);
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
