// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/core/strided_view.h"
#include "plumb/core/view.h"

namespace plumb {

/// What one batch of an activation's derivative f' is like.
struct DerivativeStats {
  std::uint64_t count = 0;
  double log2_rms = 0;        ///< as of stats/magnitude.h
  double below_fraction = 0;  ///< elements with |f'| < limit; 0 of nothing

  /// Adds a further part of the batch.
  void merge(const DerivativeStats& other);
};

/// A batch of derivatives that was counted where it is, as on a device whose memory is not ours.
struct DerivativeCounts {
  std::uint64_t samples = 0, elements = 0;
  std::uint64_t below = 0;               ///< elements with |f'| < limit
  double squares = 0;                    ///< the sum of f'^2
  std::span<const std::int64_t> active;  ///< of each unit, how many of its elements are not 0
};

/// Which axis of a tensor of any layout is which; all that are not named are places, as the height
/// and width of images or the positions of a sequence are.
struct UnitAxes {
  int sample = 0;              ///< -1: the tensor is of one sample
  std::span<const int> units;  ///< a unit is one index of all of these, the last one fastest
};

/// How often each unit of an activation layer was active, over a window of batches: a dead unit is
/// one that was silent for every sample of the window, never a zero entry of one tensor.
///
/// A unit is one feature (column) of a [batch, features...] tensor, or one channel of images
/// [batch, channels, height, width] in any layout. It is active in a sample (of an image: at a
/// position of a sample) when the local derivative of its activation there is not zero, so a dead
/// unit is one that no gradient passes. Mergeable; counts are exact.
class UnitActivity {
 public:
  UnitActivity() = default;
  explicit UnitActivity(std::int64_t units) : active_count_(static_cast<std::size_t>(units), 0) {}

  /// The units of a [batch, ...] tensor.
  static std::int64_t units_of(const Shape& shape) {
    return shape.rank() == 4 ? shape[1] : shape.row_size();
  }
  /// Adds a batch: derivative holds f'(x) elementwise. The same pass judges
  /// the batch alone: how large the derivative is, and how much of it is below `limit`.
  DerivativeStats add(ConstView derivative, double limit = 0);
  /// The same of any type and memory, a few thousand values at a time. A unit may be active at any
  /// place of a sample, and each of its places counts, as the positions of an image do.
  /// Errors  ShapeError if an axis is not one of the tensor's or is named twice, and if there are not
  ///         units() units.
  DerivativeStats add(const StridedView& derivative, const UnitAxes& axes, double limit = 0);
  /// The same for a batch of `elements` in which all are active, `below` of them with |f'| < limit,
  /// as most are: their sum of squares is all else there is to know.
  DerivativeStats add_all_active(std::int64_t samples, std::int64_t elements, std::uint64_t below,
                                 double squares);
  /// The same for a batch that was counted elsewhere: see DerivativeCounts.
  /// Errors  ShapeError if there are not units() counts.
  DerivativeStats add(const DerivativeCounts& counts);
  void clear();
  void merge(const UnitActivity& other);

  std::int64_t units() const { return static_cast<std::int64_t>(active_count_.size()); }
  std::uint64_t sample_count() const { return sample_count_; }
  /// Of each unit, in how many samples (of images: at how many positions) it was active.
  std::uint64_t active_count(std::int64_t unit) const {
    return in_all_ + active_count_[static_cast<std::size_t>(unit)];
  }
  std::uint64_t active_total() const { return active_total_; }  ///< the sum over all units
  /// What active_total counts among: samples times units, times the positions of an image.
  std::uint64_t element_count() const { return element_count_; }
  std::int64_t dead_units() const;    ///< units that were never active; 0 for an empty window
  double dead_unit_fraction() const;  ///< dead_units / units; 0 for an empty window
  double active_fraction() const;     ///< of all elements; 0 for an empty window

 private:
  /// Counts of add_all_active, the same for all units.
  std::uint64_t in_all_ = 0;
  std::vector<std::uint64_t> active_count_;  ///< beside in_all_
  std::uint64_t active_total_ = 0;
  std::uint64_t element_count_ = 0;
  std::uint64_t sample_count_ = 0;
};

}  // namespace plumb
