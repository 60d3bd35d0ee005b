// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/tensor.h"

#include <cstring>
#include <new>

namespace plumb {

namespace {
std::size_t storage_bytes(const Shape& shape, DType dtype) {
  return static_cast<std::size_t>(shape.size() * size_bytes(dtype));
}
}  // namespace

Tensor::Tensor(Shape shape, DType dtype, Layout layout)
    : data_(::operator new (storage_bytes(shape, dtype), std::align_val_t{kAlignment})),
      shape_(shape),
      dtype_(dtype),
      layout_(layout) {
  fill_zero();
}

void Tensor::Free::operator()(void* p) const {
  ::operator delete (p, std::align_val_t{kAlignment});
}

void Tensor::fill_zero() {
  if (data_) std::memset(data_.get(), 0, storage_bytes(shape_, dtype_));
}

Tensor Tensor::clone() const {
  if (!data_) return {};
  Tensor copy(shape_, dtype_, layout_);
  std::memcpy(copy.data_.get(), data_.get(), storage_bytes(shape_, dtype_));
  return copy;
}

}  // namespace plumb
