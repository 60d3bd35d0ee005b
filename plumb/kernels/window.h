// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace plumb {

/// A window that slides along one axis of an image: the image is as if padded with `pad` on both
/// sides, and position o of the output sees the inputs o * stride - pad + tap, 0 <= tap < size.
struct WindowAxis {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  std::int64_t pad = 0;

  /// Positions that fit wholly into the padded extent; below 1 if the window is larger than that.
  std::int64_t output(std::int64_t extent) const {
    const std::int64_t free_cells = extent + 2 * pad - size;
    return free_cells < 0 ? 0 : free_cells / stride + 1;
  }
  /// First input that position o sees; negative in the padding.
  std::int64_t begin(std::int64_t o) const { return o * stride - pad; }

  friend bool operator==(const WindowAxis&, const WindowAxis&) = default;
};

/// Half-open range of indices.
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// The inputs inside the image that position o sees.
inline IndexRange inputs_of(const WindowAxis& axis, std::int64_t o, std::int64_t extent) {
  const std::int64_t begin = axis.begin(o);
  return {std::max<std::int64_t>(begin, 0), std::min(begin + axis.size, extent)};
}

/// The positions whose input at `tap` lies inside the image.
inline IndexRange outputs_of(const WindowAxis& axis, std::int64_t tap, std::int64_t extent) {
  const std::int64_t offset = tap - axis.pad;  // input = o * stride + offset
  const std::int64_t first = offset >= 0 ? 0 : (-offset + axis.stride - 1) / axis.stride;
  const std::int64_t last = extent - 1 - offset;
  const std::int64_t end = last < 0 ? 0 : std::min(last / axis.stride + 1, axis.output(extent));
  return {first, std::max(first, end)};
}

/// A window over an image.
struct Window {
  WindowAxis vertical;
  WindowAxis horizontal;
  friend bool operator==(const Window&, const Window&) = default;
};

}  // namespace plumb
