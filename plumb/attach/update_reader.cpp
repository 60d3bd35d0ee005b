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

}  // namespace

UpdateReader::Copy& UpdateReader::add(ParamId param, const StridedView& value) {
  if (used_ == copies_.size()) copies_.emplace_back();
  Copy& copy = copies_[used_++];
  const auto bytes = static_cast<std::size_t>(value.size() * size_bytes(value.type));
  copy.param = param;
  copy.values = value;
  copy.memory.resize((bytes + sizeof(double) - 1) / sizeof(double));
  copy.values.data = copy.memory.data();
  return copy;
}

void UpdateReader::keep(ParamId param, const StridedView& value) {
  if (!is_dense(value)) return;
  std::memcpy(add(param, value).memory.data(), value.data,
              static_cast<std::size_t>(value.size() * size_bytes(value.type)));
}

void UpdateReader::tell_and_keep(Recorder& recorder, ParamId param, const StridedView& value) {
  const std::int64_t total = value.size();
  const bool in_parts = value.type == ElementType::f32 && total > kPart && is_row_major(value);
  if (!in_parts) {
    recorder.parameter(param, Role::weight, ObservedView(value));
    keep(param, value);
    return;
  }
  auto* const to = reinterpret_cast<float*>(add(param, value).memory.data());
  const auto* const from = static_cast<const float*>(value.data);
  for (std::int64_t begin = 0; begin < total; begin += kPart) {
    const std::int64_t count = std::min(kPart, total - begin);
    recorder.parameter(param, Role::weight, {from + begin, DType::f32, Shape{count}}, 0,
                       {begin, total});
    std::memcpy(to + begin, from + begin, static_cast<std::size_t>(count) * sizeof(float));
  }
}

template <class T>
void UpdateReader::tell_as(Recorder& recorder, const Copy& before, const StridedView& after) {
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
    recorder.parameter(before.param, Role::update,
                       ObservedView(StridedView(difference.data(), type, sizes, strides)),
                       {begin, total});
  }
}

void UpdateReader::tell(Recorder& recorder, ParamId param, const StridedView& after) {
  const auto end = copies_.begin() + static_cast<std::ptrdiff_t>(used_);
  auto found = copies_.begin() + static_cast<std::ptrdiff_t>(next_);
  if (next_ >= used_ || found->param != param) {
    found = std::find_if(copies_.begin(), end, [&](const Copy& c) { return c.param == param; });
    if (found == end) return;
  }
  next_ = static_cast<std::size_t>(found - copies_.begin()) + 1;
  const bool is_same =
      after.type == found->values.type && is_dense(after) && after.size() == found->values.size();
  if (!is_same) return;
  if (after.type == ElementType::f64) {
    tell_as<double>(recorder, *found, after);
  } else {
    tell_as<float>(recorder, *found, after);
  }
}

}  // namespace plumb
