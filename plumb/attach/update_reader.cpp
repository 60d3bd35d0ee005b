// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/update_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plumb {

namespace {

constexpr std::int64_t kPiece = 4096;
/// Whole blocks of a sketch of any instruction set, so that it is the same as in one piece.
constexpr std::int64_t kPart = 15 * kPiece;

bool is_row_major(const StridedView& view) {
  std::int64_t expected = 1;
  for (int axis = view.rank; axis-- > 0;) {
    const auto at = static_cast<std::size_t>(axis);
    if (view.sizes[at] != 1 && view.strides[at] != expected) return false;
    expected *= view.sizes[at];
  }
  return true;
}

/// Elements in the order of memory, which is the same before and after.
template <class T>
void read(const StridedView& from, std::int64_t begin, std::span<T> to) {
  const std::int64_t sizes[] = {static_cast<std::int64_t>(to.size())}, strides[] = {1};
  const auto* const at = static_cast<const char*>(from.data) + begin * size_bytes(from.type);
  KeptReader(ObservedView(StridedView(at, from.type, sizes, strides))).next(to);
}

std::size_t bytes_of(const StridedView& view) {
  return static_cast<std::size_t>(view.size() * size_bytes(view.type));
}

}  // namespace

UpdateReader::Copy& UpdateReader::of(ParamId param) {
  const auto at = static_cast<std::size_t>(param);
  if (at >= copies_.size()) copies_.resize(at + 1);
  return copies_[at];
}

bool UpdateReader::Copy::is_of(const StridedView& value) const {
  return value.type == values.type && is_dense(value) && value.size() == values.size();
}

bool UpdateReader::Copy::has_bits_of(const StridedView& value) const {
  return is_of(value) && std::memcmp(memory.data(), value.data, bytes_of(value)) == 0;
}

void UpdateReader::make_room(Copy& copy, const StridedView& value) {
  copy.sketch.reset();
  copy.values = value;
  copy.memory.resize((bytes_of(value) + sizeof(double) - 1) / sizeof(double));
  copy.values.data = copy.memory.data();
}

void UpdateReader::forget(ParamId param) { of(param) = {}; }

void UpdateReader::keep(ParamId param, const StridedView& value) {
  if (!is_dense(value)) return;
  Copy& copy = of(param);
  make_room(copy, value);
  std::memcpy(copy.memory.data(), value.data, bytes_of(value));
  copy.step = step_;
}

void UpdateReader::tell_and_keep(Recorder& recorder, ParamId param, const StridedView& value) {
  const std::int64_t total = value.size();
  Copy& copy = of(param);
  // In the order of memory, in which a sketch reads too.
  if (copy.sketch && copy.has_bits_of(value)) {
    recorder.parameter(param, Role::weight, *copy.sketch);
    copy.step = step_;
    return;
  }
  if (value.type == ElementType::f32 && total > kPart && is_row_major(value)) {
    make_room(copy, value);
    auto* const to = reinterpret_cast<float*>(copy.memory.data());
    const auto* const from = static_cast<const float*>(value.data);
    for (std::int64_t begin = 0; begin < total; begin += kPart) {
      const std::int64_t count = std::min(kPart, total - begin);
      recorder.parameter(param, Role::weight, {from + begin, DType::f32, Shape{count}}, 0,
                         {begin, total});
      std::memcpy(to + begin, from + begin, static_cast<std::size_t>(count) * sizeof(float));
    }
    copy.step = step_;
  } else {
    recorder.parameter(param, Role::weight, ObservedView(value));
    keep(param, value);
  }
  if (copy.step == step_) copy.sketch = recorder.last();
}

template <class T>
void UpdateReader::tell_as(Recorder& recorder, ParamId param, const Copy& before,
                           const StridedView& after) {
  std::array<T, kPiece> difference;
  const std::int64_t total = after.size();
  for (std::int64_t begin = 0; begin < total; begin += kPiece) {
    const auto count = static_cast<std::size_t>(std::min(kPiece, total - begin));
    constexpr ElementType type = sizeof(T) == 8 ? ElementType::f64 : ElementType::f32;
    if (after.type == type) {
      const T* const old_at = static_cast<const T*>(before.values.data) + begin;
      const T* const new_at = static_cast<const T*>(after.data) + begin;
      for (std::size_t i = 0; i < count; ++i) difference[i] = new_at[i] - old_at[i];
    } else {
      std::array<T, kPiece> old_values;
      read(before.values, begin, std::span(old_values).first(count));
      read(after, begin, std::span(difference).first(count));
      for (std::size_t i = 0; i < count; ++i) difference[i] -= old_values[i];
    }
    const std::int64_t sizes[] = {static_cast<std::int64_t>(count)}, strides[] = {1};
    recorder.parameter(param, Role::update,
                       ObservedView(StridedView(difference.data(), type, sizes, strides)),
                       {begin, total});
  }
}

void UpdateReader::tell(Recorder& recorder, ParamId param, const StridedView& after) {
  const Copy& before = of(param);
  if (before.step != step_ || !before.is_of(after)) return;
  const bool is_finite = before.sketch && before.sketch->nonfinite_count == 0;
  if (is_finite && before.has_bits_of(after)) {
    Sketch nothing;
    nothing.count = nothing.zero_count = before.sketch->count;
    recorder.parameter(param, Role::update, nothing);
  } else if (after.type == ElementType::f64) {
    tell_as<double>(recorder, param, before, after);
  } else {
    tell_as<float>(recorder, param, before, after);
  }
}

}  // namespace plumb
