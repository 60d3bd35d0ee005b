// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/strided_view.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace plumb {
namespace {

using Order = std::array<int, StridedView::kMaxRank>;

std::string listed(std::span<const std::int64_t> numbers) {
  std::string out;
  for (const std::int64_t n : numbers) out += (out.empty() ? "" : ", ") + std::to_string(n);
  return "[" + out + "]";
}

std::span<const std::int64_t> sizes_of(const StridedView& view) {
  return {view.sizes.data(), static_cast<std::size_t>(view.rank)};
}

std::span<const std::int64_t> strides_of(const StridedView& view) {
  return {view.strides.data(), static_cast<std::size_t>(view.rank)};
}

const void* at(const StridedView& view, std::int64_t offset) {
  return static_cast<const std::byte*>(view.data) + offset * size_bytes(view.type);
}

/// The axes longer than 1.
int long_axes(const StridedView& view, Order& axes) {
  int count = 0;
  for (int axis = 0; axis < view.rank; ++axis) {
    if (view.sizes[axis] != 1) axes[count++] = axis;
  }
  return count;
}

/// std::stable_sort of a handful, which would take memory for its copy.
template <class Before>
void sort_axes(Order& axes, int count, const Before& before) {
  for (int i = 1; i < count; ++i) {
    for (int j = i; j > 0 && before(axes[j], axes[j - 1]); --j) std::swap(axes[j], axes[j - 1]);
  }
}

StridedView nothing_like(const StridedView& view) {
  const std::int64_t size = 0, stride = 1;
  return {view.data, view.type, {&size, 1}, {&stride, 1}};
}

/// Makes neighbouring axes one where all views, of the same extents, allow it.
void join_axes(std::span<StridedView* const> views) {
  const int rank = views.front()->rank;
  int to = 0;
  for (int axis = 1; axis < rank; ++axis) {
    const bool joins = std::all_of(views.begin(), views.end(), [&](const StridedView* view) {
      return view->strides[to] == view->strides[axis] * view->sizes[axis];
    });
    to += joins ? 0 : 1;
    for (StridedView* view : views) {
      view->sizes[to] = joins ? view->sizes[to] * view->sizes[axis] : view->sizes[axis];
      view->strides[to] = view->strides[axis];
    }
  }
  for (StridedView* view : views) {
    view->rank = std::max(1, std::min(rank, to + 1));
    if (rank == 0) view->sizes[0] = view->strides[0] = 1;
  }
}

}  // namespace

const char* to_string(ElementType type) {
  switch (type) {
    case ElementType::f16: return "f16";
    case ElementType::bf16: return "bf16";
    case ElementType::f32: return "f32";
    case ElementType::f64: return "f64";
  }
  return "unknown";
}

StridedView::StridedView(const void* elements, ElementType element_type,
                         std::span<const std::int64_t> extents, std::span<const std::int64_t> steps)
    : data(elements), type(element_type), rank(static_cast<int>(extents.size())) {
  if (extents.size() > kMaxRank) {
    throw ShapeError("tensor: has " + std::to_string(extents.size()) + " axes, expected at most " +
                     std::to_string(kMaxRank));
  }
  if (steps.size() != extents.size()) {
    throw ShapeError("tensor: has sizes " + listed(extents) + " and strides " + listed(steps) +
                     ", expected one stride for each axis");
  }
  if (std::any_of(extents.begin(), extents.end(), [](std::int64_t n) { return n < 0; })) {
    throw ShapeError("tensor: has sizes " + listed(extents) + ", expected none below 0");
  }
  std::copy(extents.begin(), extents.end(), sizes.begin());
  std::copy(steps.begin(), steps.end(), strides.begin());
}

StridedView::StridedView(const ConstView& view)
    : data(view.data), type(view.dtype == DType::f32 ? ElementType::f32 : ElementType::f64) {
  if (view.layout != Layout::row_major) {
    rank = 1;
    sizes[0] = view.shape.size();
    strides[0] = 1;
    return;
  }
  rank = view.shape.rank();
  std::int64_t stride = 1;
  for (int axis = rank; axis-- > 0;) {
    sizes[axis] = view.shape[axis];
    strides[axis] = stride;
    stride *= sizes[axis];
  }
}

std::int64_t StridedView::size() const {
  return std::accumulate(sizes.begin(), sizes.begin() + rank, std::int64_t{1}, std::multiplies<>());
}

std::string StridedView::to_string() const {
  return std::string(plumb::to_string(type)) + " " + listed(sizes_of(*this)) + " strides " +
         listed(strides_of(*this));
}

StridedView StridedView::narrow(int axis, std::int64_t index, std::int64_t count) const {
  StridedView out = *this;
  out.data = at(*this, index * strides[axis]);
  out.sizes[axis] = count;
  return out;
}

StridedView with_axes(const StridedView& view, std::span<const int> axes) {
  StridedView out = view;
  out.rank = static_cast<int>(axes.size());
  for (std::size_t to = 0; to < axes.size(); ++to) {
    out.sizes[to] = view.sizes[axes[to]];
    out.strides[to] = view.strides[axes[to]];
  }
  return out;
}

StridedView collapse(const StridedView& view) {
  if (view.size() == 0) return nothing_like(view);
  Order axes{};
  const int count = long_axes(view, axes);
  StridedView out = with_axes(view, {axes.data(), static_cast<std::size_t>(count)});
  StridedView* const only[] = {&out};
  join_axes(only);
  return out;
}

void arrange_together(StridedView& a, StridedView& b) {
  if (!std::ranges::equal(sizes_of(a), sizes_of(b))) {
    throw ShapeError("tensors: have sizes " + listed(sizes_of(a)) + " and " + listed(sizes_of(b)) +
                     ", expected the same");
  }
  if (a.size() == 0) {
    a = nothing_like(a);
    b = nothing_like(b);
    return;
  }
  Order axes{};
  const int count = long_axes(a, axes);
  sort_axes(axes, count, [&](int i, int j) {
    const std::int64_t a_i = std::abs(a.strides[i]), a_j = std::abs(a.strides[j]);
    return a_i != a_j ? a_i > a_j : std::abs(b.strides[i]) > std::abs(b.strides[j]);
  });
  const std::span<const int> order(axes.data(), static_cast<std::size_t>(count));
  a = with_axes(a, order);
  b = with_axes(b, order);
  StridedView* const both[] = {&a, &b};
  join_axes(both);
}

AnyOrder in_any_order(const StridedView& view) {
  if (view.size() == 0) return {nothing_like(view), 1};
  AnyOrder out{view, 1};
  StridedView& v = out.view;
  Order axes{};
  int count = 0;
  for (int axis = 0; axis < v.rank; ++axis) {
    if (v.sizes[axis] == 1) continue;
    if (v.strides[axis] == 0) {
      out.times *= v.sizes[axis];
      continue;
    }
    if (v.strides[axis] < 0) {
      v.data = at(v, (v.sizes[axis] - 1) * v.strides[axis]);
      v.strides[axis] = -v.strides[axis];
    }
    axes[count++] = axis;
  }
  sort_axes(axes, count, [&](int i, int j) { return v.strides[i] > v.strides[j]; });
  v = with_axes(v, {axes.data(), static_cast<std::size_t>(count)});
  StridedView* const only[] = {&v};
  join_axes(only);
  // Whoever reads by two axes at a time wants more than a handful of elements in them.
  constexpr std::int64_t kHandful = 64;
  if (v.rank > 2 && v.sizes[v.rank - 2] * v.sizes[v.rank - 1] < kHandful) {
    const auto longest = static_cast<int>(
        std::max_element(v.sizes.begin(), v.sizes.begin() + v.rank - 1) - v.sizes.begin());
    std::swap(v.sizes[longest], v.sizes[v.rank - 2]);
    std::swap(v.strides[longest], v.strides[v.rank - 2]);
  }
  return out;
}

bool is_dense(const StridedView& view) {
  const AnyOrder all = in_any_order(view);
  return all.times == 1 && all.view.rank == 1 && all.view.strides[0] == 1;
}

}  // namespace plumb
