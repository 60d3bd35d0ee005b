// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "plumb/core/error.h"
#include "plumb/core/layout.h"
#include "plumb/core/shape.h"

namespace plumb {

/// The element type of a tensor. f32 runs on the fast kernels, f64 on the reference kernels.
enum class DType : std::uint8_t { f32, f64 };

template <class T>
inline constexpr DType kDTypeOf = std::is_same_v<T, float> ? DType::f32 : DType::f64;

inline std::int64_t size_bytes(DType dtype) { return dtype == DType::f32 ? 4 : 8; }

namespace detail {
[[noreturn]] void refuse_dtype(DType given, DType asked);
inline void require_dtype(DType given, DType asked) {
  if (given != asked) refuse_dtype(given, asked);
}
}  // namespace detail

/// A contiguous, read-only tensor owned by somebody else, row-major unless its layout says
/// otherwise.
struct ConstView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  Layout layout = Layout::row_major;

  /// False for a view of nothing, as a Layer gets for a grad_x that nobody asked for.
  explicit operator bool() const { return data != nullptr; }

  /// The elements as T (float or double), in the order of memory. Errors: UsageError if T is not
  /// the dtype.
  template <class T>
  std::span<const T> as() const {
    detail::require_dtype(dtype, kDTypeOf<T>);
    return {static_cast<const T*>(data), static_cast<std::size_t>(shape.size())};
  }
};

/// As ConstView, writable. Converts to ConstView.
struct View {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  Layout layout = Layout::row_major;

  explicit operator bool() const { return data != nullptr; }
  operator ConstView() const { return {data, dtype, shape, layout}; }

  template <class T>
  std::span<T> as() const {
    detail::require_dtype(dtype, kDTypeOf<T>);
    return {static_cast<T*>(data), static_cast<std::size_t>(shape.size())};
  }
};

/// Calls f(float{}) or f(double{}) according to dtype: the one place where a dtype becomes a type.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  return dtype == DType::f32 ? f(float{}) : f(double{});
}

}  // namespace plumb
