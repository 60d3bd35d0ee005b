// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/observed_view.h"

#include <algorithm>
#include <type_traits>

#include "plumb/core/error.h"
#include "plumb/stats/widen.h"

namespace plumb {

namespace {

ObservedView::Axes usual_axes(int rank) {
  ObservedView::Axes axes{};
  axes.fill(Axis::place);
  axes[0] = Axis::sample;
  if (rank == 3) {
    axes[1] = Axis::time;
    axes[2] = Axis::unit;
  } else {
    axes[1] = Axis::unit;
  }
  return axes;
}

/// `count` elements from `from` on, `stride` apart.
template <class T>
void convert(const StridedView& view, std::int64_t from, std::int64_t stride, std::int64_t count,
             T* to) {
  const auto copy = [&]<class Element>(const Element* x, auto* copies) {
    for (std::int64_t i = 0; i < count; ++i) {
      copies[i] = static_cast<std::remove_pointer_t<decltype(copies)>>(x[i * stride]);
    }
  };
  if (view.type == ElementType::f32) return copy(static_cast<const float*>(view.data) + from, to);
  if (view.type == ElementType::f64) return copy(static_cast<const double*>(view.data) + from, to);
  const std::uint16_t* const halves = static_cast<const std::uint16_t*>(view.data) + from;
  if (stride == 1) return widen(view.type, halves, static_cast<std::size_t>(count), to);
  std::array<std::uint16_t, 256> row;
  for (std::int64_t done = 0; done < count; done += 256) {
    const std::int64_t now = std::min<std::int64_t>(256, count - done);
    for (std::int64_t i = 0; i < now; ++i) {
      row[static_cast<std::size_t>(i)] = halves[(done + i) * stride];
    }
    widen(view.type, row.data(), static_cast<std::size_t>(now), to + done);
  }
}

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

}  // namespace

ObservedView::ObservedView(const StridedView& tensor)
    : ObservedView(tensor, std::span<const Axis>(usual_axes(tensor.rank)).first(at(tensor.rank))) {}

ObservedView::ObservedView(const StridedView& tensor, std::span<const Axis> tensor_axes,
                           double tensor_log2_scale)
    : values(tensor), log2_scale(tensor_log2_scale) {
  if (tensor_axes.size() != at(tensor.rank)) {
    throw UsageError("ObservedView of " + tensor.to_string() + ": " +
                     std::to_string(tensor_axes.size()) + " axes are named, expected " +
                     std::to_string(tensor.rank));
  }
  if (tensor.data == nullptr && tensor.size() > 0) {
    throw UsageError("ObservedView of " + tensor.to_string() + ": its elements stand at address 0");
  }
  std::copy(tensor_axes.begin(), tensor_axes.end(), axes.begin());
}

ObservedView ObservedView::scaled(double scale_log2) const {
  ObservedView result = *this;
  result.log2_scale += scale_log2;
  return result;
}

ObservedView ObservedView::masked(const std::uint8_t* mask,
                                  std::span<const std::int64_t> strides) const {
  if (strides.size() != at(values.rank)) {
    throw UsageError("ObservedView::masked of " + values.to_string() + ": " +
                     std::to_string(strides.size()) + " strides, expected " +
                     std::to_string(values.rank));
  }
  ObservedView result = *this;
  result.kept = mask;
  std::copy(strides.begin(), strides.end(), result.kept_strides.begin());
  return result;
}

std::int64_t ObservedView::samples() const {
  std::int64_t product = 1;
  for (int axis = 0; axis < values.rank; ++axis) {
    if (axes[at(axis)] == Axis::sample) product *= values.sizes[at(axis)];
  }
  return product;
}

std::int64_t ObservedView::units() const {
  std::int64_t product = 1;
  for (int axis = 0; axis < values.rank; ++axis) {
    if (tells_units(axes[at(axis)])) product *= values.sizes[at(axis)];
  }
  return product;
}

int ObservedView::find(Axis what) const {
  const auto end = axes.begin() + values.rank;
  const auto found = std::find(axes.begin(), end, what);
  return found == end ? -1 : static_cast<int>(found - axes.begin());
}

ObservedView ObservedView::slice(int axis, std::int64_t index) const {
  ObservedView result = *this;
  result.values = values.narrow(axis, index, 1);
  if (kept != nullptr) result.kept = kept + index * kept_strides[at(axis)];
  return result;
}

ObservedView ObservedView::units_last() const {
  ObservedView result = *this;
  std::size_t to = 0;
  for (const bool units : {false, true}) {
    for (int axis = 0; axis < values.rank; ++axis) {
      if (tells_units(axes[at(axis)]) != units) continue;
      result.values.sizes[to] = values.sizes[at(axis)];
      result.values.strides[to] = values.strides[at(axis)];
      result.kept_strides[to] = kept_strides[at(axis)];
      result.axes[to++] = axes[at(axis)];
    }
  }
  return result;
}

KeptReader::KeptReader(const ObservedView& view) : view_(view), left_(view.values.size()) {
  if (view_.values.rank == 0) {
    view_.values.rank = 1;
    view_.values.sizes[0] = 1;
  }
}

void KeptReader::advance(std::int64_t count) {
  left_ -= count;
  int axis = view_.values.rank - 1;
  const auto move = [&](std::int64_t by) {
    index_[at(axis)] += by;
    offset_ += by * view_.values.strides[at(axis)];
    kept_offset_ += by * view_.kept_strides[at(axis)];
  };
  move(count);
  while (axis > 0 && index_[at(axis)] == view_.values.sizes[at(axis)]) {
    move(-index_[at(axis)]);
    --axis;
    move(1);
  }
}

template <class T>
std::size_t KeptReader::read(std::span<T> out) {
  const StridedView& x = view_.values;
  const std::size_t last = at(x.rank - 1);
  const bool mask_varies = view_.kept != nullptr && view_.kept_strides[last] != 0;
  std::size_t filled = 0;
  while (filled < out.size() && left_ > 0) {
    const std::int64_t row = x.sizes[last] - index_[last];
    if (view_.kept != nullptr && view_.kept[kept_offset_] == 0) {
      advance(mask_varies ? 1 : row);
      continue;
    }
    std::int64_t count = std::min(row, static_cast<std::int64_t>(out.size() - filled));
    if (mask_varies) {
      const std::uint8_t* const kept = view_.kept + kept_offset_;
      std::int64_t run = 1;
      while (run < count && kept[run * view_.kept_strides[last]] != 0) ++run;
      count = run;
    }
    convert(x, offset_, x.strides[last], count, out.data() + filled);
    filled += static_cast<std::size_t>(count);
    advance(count);
  }
  return filled;
}

template std::size_t KeptReader::read(std::span<float> out);
template std::size_t KeptReader::read(std::span<double> out);

}  // namespace plumb
