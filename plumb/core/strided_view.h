// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "plumb/core/view.h"

namespace plumb {

/// The element types of tensors that others own: IEEE 754 binary16, the upper half of a binary32,
/// binary32 and binary64, in the machine's byte order.
enum class ElementType : std::uint8_t { f16, bf16, f32, f64 };
const char* to_string(ElementType type);

constexpr std::int64_t size_bytes(ElementType type) {
  return type == ElementType::f64 ? 8 : type == ElementType::f32 ? 4 : 2;
}

/// A read-only tensor of anybody's, as frameworks describe theirs: element (i_0, i_1, ...) stands
/// i_0 * strides[0] + i_1 * strides[1] + ... elements behind `data`, which is aligned to its
/// elements. A stride may be 0 (the axis repeats what it has) or negative, and elements may share
/// memory. Rank 0 is a scalar.
///
/// A ConstView becomes one of its axes; in a blocked layout, which these axes cannot tell, one axis
/// of all elements in the order of memory.
///
/// Errors  ShapeError on a rank above kMaxRank, on as many strides as there are not axes, and on a
///         negative extent.
struct StridedView {
  static constexpr int kMaxRank = 8;
  using Axes = std::array<std::int64_t, kMaxRank>;

  const void* data = nullptr;
  ElementType type = ElementType::f32;
  int rank = 0;
  Axes sizes{};
  Axes strides{};  ///< in elements

  StridedView() = default;
  StridedView(const void* elements, ElementType element_type, std::span<const std::int64_t> extents,
              std::span<const std::int64_t> steps);
  StridedView(const ConstView& view);

  std::int64_t size() const;      ///< number of elements: the product of the extents
  std::string to_string() const;  ///< "f32 [32, 64] strides [1, 32]"

  /// Element `index` of `axis` and what follows, `count` in all.
  StridedView narrow(int axis, std::int64_t index, std::int64_t count) const;
};

/// The views' axes in another order, axes[0] of the old ones first; an axis that is not named goes.
StridedView with_axes(const StridedView& view, std::span<const int> axes);

/// The same elements in the same row-major order in as few axes as can be: without those of extent
/// 1, neighbours one where their strides allow. At least one axis; of nothing, one of extent 0.
StridedView collapse(const StridedView& view);

/// Both views with their axes sorted and collapsed alike, so that element k of the one still meets
/// element k of the other in row-major order, which is now close to the order of a's memory.
/// Errors  ShapeError if their extents differ.
void arrange_together(StridedView& a, StridedView& b);

/// The elements of a view without their order: those of `view`, each `times` times. Where a view is
/// dense in memory under some order of its axes, or runs backwards, or repeats, `view` is one
/// contiguous axis; else the axes that memory keeps together come last.
struct AnyOrder {
  StridedView view;
  std::int64_t times = 1;
};
AnyOrder in_any_order(const StridedView& view);

/// Whether the elements fill one range of memory, each place once, in some order of the axes, as a
/// transposed tensor and channels-last images do.
bool is_dense(const StridedView& view);

}  // namespace plumb
