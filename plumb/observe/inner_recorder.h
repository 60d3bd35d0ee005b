// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "plumb/observe/mean_square.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// "grad_a_log2_rms": the name of an inner quantity that is the size of slices of a site.
std::string_view slice_name(Role role);

/// Gathers the inner quantities of a step, in the order in which they are first recorded.
///
/// Threads Use one object from one thread. Allocates nothing once it has seen a step like the one
///         it is given.
class InnerRecorder {
 public:
  struct Key {
    LayerId layer = kNoLayer;
    std::int32_t output = 0;
    std::string_view name;
    Axis axis = Axis::unit;
  };

  void begin() { used_ = 0; }
  /// The size of slice `index`; recorded again, the mean of squares.
  void size(const Key& key, std::size_t index, const MeanSquare& slice);
  /// Any numbers; recorded again in a step, their mean.
  void values(const Key& key, std::span<const double> numbers);
  /// What was not recorded is NaN.
  void finish(std::vector<InnerRecord>& records) const;

 private:
  struct Quantity {
    LayerId layer = kNoLayer;
    std::int32_t output = 0;
    std::string name;
    Axis axis = Axis::unit;
    bool is_size = false;
    std::vector<MeanSquare> slices;  ///< of means: their sum in log2_rms
  };
  Quantity& find(const Key& key, bool is_size);

  std::vector<Quantity> quantities_;
  std::size_t used_ = 0;
  std::size_t last_ = 0;  ///< where the search begins: steps repeat their order
};

}  // namespace plumb
