// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/axis_layout.h"

#include <span>

namespace plumb {

std::optional<ObservedView> observed(const StridedView& view, AxisLayout layout,
                                     double log2_scale) {
  if (view.rank == 0) return std::nullopt;
  const auto rank = static_cast<std::size_t>(view.rank);
  const bool is_time = layout == AxisLayout::time_rows || layout == AxisLayout::time_first;
  ObservedView::Axes axes;
  axes.fill(is_time ? Axis::time : Axis::place);
  const bool outer_first =
      rank >= 3 && (layout == AxisLayout::time_first || layout == AxisLayout::place_first);
  axes[outer_first ? 1 : 0] = Axis::sample;
  if (rank >= 2) axes[layout == AxisLayout::channels_first ? 1 : rank - 1] = Axis::unit;
  return ObservedView(view, std::span(axes).first(rank), log2_scale);
}

}  // namespace plumb
