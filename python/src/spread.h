// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plumb/core/strided_view.h"

namespace plumb::python {

/// How the devices of a program share a tensor: which part of the whole each of them has. It comes
/// with compiled code, as a vector of numbers:
///
///   devices, rank of a part, rank of the whole, sizes of the whole, then for the device at each
///   position in the mesh the offsets of its part
///
/// Axes are counted from the last one; the axes that only the whole has stand in front, and a part
/// is one index of each. Devices with the same offsets have the same values.
class Spread {
 public:
  explicit Spread(const std::int32_t* numbers) : numbers_(numbers) {}

  std::int64_t devices() const { return numbers_[0]; }
  int part_rank() const { return numbers_[1]; }
  int rank() const { return numbers_[2]; }
  std::int64_t size(int axis) const { return numbers_[kHead + axis]; }
  std::int64_t offset(std::int64_t position, int axis) const {
    return numbers_[kHead + rank() * (1 + position) + axis];
  }
  /// The numbers of a spread that stands behind this one.
  Spread next() const { return Spread(numbers_ + kHead + rank() * (1 + devices())); }

 private:
  static constexpr int kHead = 3;
  const std::int32_t* numbers_;
};

/// A tensor put together from the parts of the devices, in memory of its own and row-major.
///
/// Threads Use one object from one thread at a time.
class SpreadTensor {
 public:
  /// Copies the part that the device at `position` has. Axes that the part has in front of those
  /// that the spread knows (of vmap) are in front of the whole's too. What a part has beyond the
  /// end of the whole is padding, and left out.
  /// Errors  ShapeError if the parts do not fit together.
  void add(const StridedView& part, const Spread& spread, std::int64_t position);
  std::int64_t parts() const { return parts_; }
  const StridedView& whole() const { return whole_; }

 private:
  void begin(const StridedView& part, const Spread& spread);

  StridedView whole_;
  std::vector<std::byte> memory_;
  std::int64_t parts_ = 0;
};

/// The mean over the axes in front of the last `rank` ones, in the type of the tensor, but floats
/// for halves; computed in double.
class MeanTensor {
 public:
  MeanTensor(const StridedView& tensor, int rank);
  const StridedView& mean() const { return mean_; }

 private:
  StridedView mean_;
  std::vector<double> memory_;
};

/// Whether all indices of the axes in front of the last `rank` ones have the same bits.
/// The tensor is row-major.
bool is_same_along_front(const StridedView& tensor, int rank);

}  // namespace plumb::python
