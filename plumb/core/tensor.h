// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "plumb/core/view.h"

namespace plumb {

/// An owning, contiguous tensor, row-major unless made otherwise, zeroed at first and aligned to
/// kAlignment bytes. Movable, not copyable: a copy is asked for by name. Threads: as an array.
class Tensor {
 public:
  static constexpr std::size_t kAlignment = 64;

  Tensor() = default;
  Tensor(Shape shape, DType dtype, Layout layout = Layout::row_major);

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  Layout layout() const { return layout_; }
  std::int64_t size() const { return data_ ? shape_.size() : 0; }
  explicit operator bool() const { return data_ != nullptr; }

  View view() { return {data_.get(), dtype_, shape_, layout_}; }
  ConstView view() const { return {data_.get(), dtype_, shape_, layout_}; }
  template <class T>
  std::span<T> as() {
    return view().as<T>();
  }
  template <class T>
  std::span<const T> as() const {
    return view().as<T>();
  }

  /// A tensor in the memory of `storage`, from that element on, which must be aligned as a tensor
  /// is, and with room behind it. It keeps the memory alive; its values are what stands there.
  /// Errors: std::logic_error.
  static Tensor within(const Tensor& storage, std::int64_t begin, const Shape& shape);

  void fill_zero();
  Tensor clone() const;

 private:
  std::shared_ptr<void> data_;
  Shape shape_;
  DType dtype_ = DType::f32;
  Layout layout_ = Layout::row_major;
};

}  // namespace plumb
