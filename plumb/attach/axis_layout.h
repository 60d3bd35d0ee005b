// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "plumb/observe/observed_view.h"

namespace plumb {

/// How the axes of a layer's tensors are meant, in frameworks that do not name them.
enum class AxisLayout : std::uint8_t {
  rows,            ///< [sample, place ..., unit]
  channels_first,  ///< [sample, unit, place ...]
  time_rows,       ///< [sample, time, unit]
  time_first,      ///< [time, sample, unit]
  place_first      ///< [place, sample, unit]
};

/// The view with its axes; nullopt for a scalar, which has none.
std::optional<ObservedView> observed(const StridedView& view, AxisLayout layout,
                                     double log2_scale = 0);

}  // namespace plumb
