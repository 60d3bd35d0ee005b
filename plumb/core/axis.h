// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

/// What an axis of a tensor, or of a quantity, counts.
enum class Axis : std::uint8_t {
  sample,  ///< of the batch
  unit,    ///< a feature, a channel
  place,   ///< a pixel, or a token's position where it is no time step
  time,
  head,    ///< of an attention
  expert,  ///< of a mixture
  call,    ///< uses of a shared layer within one pass
  pass     ///< of those that make one step
};
std::string_view to_string(Axis axis);  ///< "unit"; stable, stored
std::optional<Axis> parse_axis(std::string_view text);

}  // namespace plumb
