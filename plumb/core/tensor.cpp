// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/tensor.h"

#include <cstring>
#include <new>

#include "plumb/core/error.h"
#include "plumb/core/memory.h"
#include "plumb/core/page_pool.h"

namespace plumb {

namespace {
constexpr std::size_t kLargeBytes = std::size_t{1} << 27;

std::size_t storage_bytes(const Shape& shape, DType dtype) {
  return static_cast<std::size_t>(shape.size() * size_bytes(dtype));
}

void* allocate(const Shape& shape, DType dtype) {
  const std::size_t bytes = storage_bytes(shape, dtype);
  if (bytes >= kLargeBytes) {
    require_memory("a tensor of shape " + shape.to_string(), static_cast<double>(bytes));
  }
  if (bytes >= page_pool::kLeastBytes) return page_pool::allocate(bytes);
  return ::operator new (bytes, std::align_val_t{Tensor::kAlignment});
}

void release(void* p) {
  if (!page_pool::release(p)) ::operator delete (p, std::align_val_t{Tensor::kAlignment});
}
}  // namespace

Tensor::Tensor(Shape shape, DType dtype, Layout layout)
    : data_(allocate(shape, dtype), release), shape_(shape), dtype_(dtype), layout_(layout) {
  fill_zero();
}

Tensor Tensor::within(const Tensor& storage, std::int64_t begin, const Shape& shape) {
  const std::int64_t begin_bytes = begin * size_bytes(storage.dtype_);
  PLUMB_CHECK(begin >= 0 && begin_bytes % static_cast<std::int64_t>(kAlignment) == 0);
  PLUMB_CHECK(begin + shape.size() <= storage.size());
  Tensor part;
  part.data_ = {storage.data_, static_cast<char*>(storage.data_.get()) + begin_bytes};
  part.shape_ = shape;
  part.dtype_ = storage.dtype_;
  return part;
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
