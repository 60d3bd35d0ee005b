// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/derivative.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <variant>

#include "plumb/kernels/activations/from_text.h"
#include "plumb/kernels/elementwise.h"
#include "plumb/stats/unit_scan.h"

namespace plumb {

namespace {

/// Elements at once: what is written is read again from the first-level cache.
constexpr std::int64_t kPiece = 4096;

template <class Op>
bool output_tells(const Op& op) {
  if constexpr (std::is_same_v<Op, ref::LeakyRelu>) return op.slope > 0;
  return std::is_same_v<Op, ref::Identity> || std::is_same_v<Op, ref::Relu> ||
         std::is_same_v<Op, ref::Hardtanh> || std::is_same_v<Op, ref::Sigmoid> ||
         std::is_same_v<Op, ref::Tanh>;
}

// Of y = f(x): the piecewise ones compare x, which y stands for; the others are told by y.
template <class Op, class T>
void slopes_of_output(const Op& op, const T* y, T* slope, std::int64_t count) {
  if constexpr (std::is_same_v<Op, ref::Sigmoid>) {
    for (std::int64_t i = 0; i < count; ++i) slope[i] = y[i] * (T(1) - y[i]);
  } else if constexpr (std::is_same_v<Op, ref::Tanh>) {
    for (std::int64_t i = 0; i < count; ++i) slope[i] = (T(1) - y[i]) * (T(1) + y[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i) slope[i] = op.vjp(y[i], y[i], T(1));
  }
}

template <class Op, class T>
void slopes_of_input(const Op& op, const T* x, T* slope, std::int64_t count) {
  elementwise_forward(op, x, slope, count);
  elementwise_vjp<Op, T>(op, x, slope, nullptr, slope, count);
}

bool is_row_major(const StridedView& view) {
  std::int64_t expected = 1;
  for (int axis = view.rank - 1; axis >= 0; --axis) {
    const auto at = static_cast<std::size_t>(axis);
    if (view.sizes[at] != 1 && view.strides[at] != expected) return false;
    expected *= view.sizes[at];
  }
  return true;
}

/// How the elements of a row-major view belong to units: [rows, units, places].
struct UnitRuns {
  std::size_t rows = 1, units = 1, places = 1;
};

/// Nothing where the axes of units do not stand side by side.
std::optional<UnitRuns> unit_runs(const ObservedView& view) {
  UnitRuns runs;
  bool is_behind = false, has_units = false;
  for (int axis = 0; axis < view.values.rank; ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    const auto size = static_cast<std::size_t>(view.values.sizes[at]);
    if (ObservedView::tells_units(view.axes[at])) {
      if (is_behind) return std::nullopt;
      has_units = true;
      runs.units *= size;
    } else {
      is_behind = has_units;
      (has_units ? runs.places : runs.rows) *= size;
    }
  }
  return has_units ? std::optional(runs) : std::nullopt;
}

template <class T>
constexpr ElementType kTypeOf = std::is_same_v<T, double> ? ElementType::f64 : ElementType::f32;

}  // namespace

DerivativeJudge::DerivativeJudge(const std::string& function)
    : definition_(activation_from_text(function)) {
  serves_output_ = std::visit([](const auto& op) { return output_tells(op); }, definition_.op);
}

void DerivativeJudge::tell_relu(Recorder& recorder, LayerId layer, const ObservedView& part,
                                const float* x) {
  const std::optional<UnitRuns> runs = unit_runs(part);
  active_.assign(runs->units, 0);
  std::uint64_t silent = 0;
  if (runs->places == 1) {
    silent = detail::scan_relu_units(x, runs->rows, runs->units, active_.data());
  } else {
    for (std::size_t run = 0; run < runs->rows * runs->units; ++run) {
      silent +=
          detail::scan_relu_run(x + run * runs->places, runs->places, active_[run % runs->units]);
    }
  }
  const int sample = part.find(Axis::sample);
  DerivativeCounts counts;
  counts.samples =
      sample < 0 ? 1
                 : static_cast<std::uint64_t>(part.values.sizes[static_cast<std::size_t>(sample)]);
  counts.elements = static_cast<std::uint64_t>(part.values.size());
  counts.below = recorder.saturation_limit(layer) > 0 ? silent : 0;
  counts.squares = static_cast<double>(counts.elements - silent);
  counts.active = active_;
  recorder.derivative(layer, counts);
}

template <class T>
void DerivativeJudge::tell_as(Recorder& recorder, LayerId layer, const ObservedView& view,
                              bool is_output, std::vector<T>& read, std::vector<T>& slopes) {
  const StridedView& all = view.values;
  const std::int64_t rows = all.rank == 0 ? 1 : all.sizes[0];
  const std::int64_t row = rows == 0 ? 0 : all.size() / rows;
  if (row == 0) return;
  const std::int64_t at_once = std::clamp<std::int64_t>(kPiece / row, 1, rows);
  const auto space = static_cast<std::size_t>(at_once * row);
  const bool is_counted = std::is_same_v<T, float> &&
                          std::holds_alternative<ref::Relu>(definition_.op) && unit_runs(view);
  if (!is_counted && slopes.size() < space) slopes.resize(space);
  const bool as_is = all.type == kTypeOf<T> && is_row_major(all);
  if (!as_is && read.size() < space) read.resize(space);
  for (std::int64_t begin = 0; begin < rows; begin += at_once) {
    const std::int64_t count = std::min(at_once, rows - begin);
    const StridedView part = all.rank == 0 ? all : all.narrow(0, begin, count);
    const auto axes = std::span(view.axes).first(static_cast<std::size_t>(part.rank));
    const ObservedView part_view(part, axes);
    const T* values = static_cast<const T*>(part.data);
    const std::int64_t elements = count * row;
    if (!as_is) {
      KeptReader reader(part_view);
      std::int64_t got = 0;
      while (got < elements) {
        const auto more = static_cast<std::int64_t>(
            reader.next(std::span<T>(read).subspan(static_cast<std::size_t>(got))));
        if (more == 0) break;
        got += more;
      }
      values = read.data();
    }
    if constexpr (std::is_same_v<T, float>) {
      if (is_counted) {
        tell_relu(recorder, layer, part_view, values);
        continue;
      }
    }
    std::visit(
        [&](const auto& op) {
          if (is_output) {
            slopes_of_output(op, values, slopes.data(), elements);
          } else {
            slopes_of_input(op, values, slopes.data(), elements);
          }
        },
        definition_.op);
    StridedView filled = part;
    filled.data = slopes.data();
    filled.type = kTypeOf<T>;
    std::int64_t stride = 1;
    for (int axis = filled.rank - 1; axis >= 0; --axis) {
      const auto at = static_cast<std::size_t>(axis);
      filled.strides[at] = stride;
      stride *= filled.sizes[at];
    }
    recorder.derivative(layer, ObservedView(filled, axes));
  }
}

void DerivativeJudge::tell(Recorder& recorder, LayerId layer, const ObservedView& view,
                           bool is_output) {
  if (is_output && !serves_output_) return;
  if (view.values.type == ElementType::f64) {
    tell_as<double>(recorder, layer, view, is_output, read_d_, slope_d_);
  } else {
    tell_as<float>(recorder, layer, view, is_output, read_f_, slope_f_);
  }
}

}  // namespace plumb
