// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plumb/core/axis.h"
#include "plumb/record/layer_info.h"

namespace plumb {

/// A quantity inside a layer, along one axis of it: the size of each attention head's gradient, how
/// a shared layer's calls differ, the mean of a gate.
struct InnerRecord {
  LayerId layer = kNoLayer;
  std::int32_t output = 0;
  std::string name;  ///< "grad_a_log2_rms", "carried_mean": stable, with its unit
  Axis axis = Axis::unit;
  std::vector<float> values;  ///< by place on the axis; one value where it has none. NaN: not told
  friend bool operator==(const InnerRecord&, const InnerRecord&) = default;
};

/// The mean of 1 - T of a highway: the part of x that its gate carries on.
inline constexpr const char* kCarriedMean = "carried_mean";

/// How often a block was called in a step, and with how many tokens: an expert that was not called
/// is not one whose gradient is zero.
struct BlockUse {
  BlockId block = kNoBlock;
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  friend bool operator==(const BlockUse&, const BlockUse&) = default;
};

}  // namespace plumb
