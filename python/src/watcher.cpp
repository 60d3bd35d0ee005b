// SPDX-License-Identifier: Apache-2.0
#include "python/src/watcher.h"

#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace plumb::python {

namespace nb = nanobind;

void Watcher::fail(const std::string& what) noexcept {
  PyErr_Clear();
  if (failed) return;
  failed = true;
  try {
    if (on_fail.is_valid() && !on_fail.is_none()) on_fail(nb::str(what.c_str()));
  } catch (...) {
    PyErr_Clear();
  }
}

void Watcher::before_update(nb::list entries, double log2_scale) {
  Recorder& recorder = session.recorder();
  const bool compare = recorder.is_symmetry_due();
  std::size_t used = 0;
  for (nb::handle entry : entries) {
    const auto [id, tensor, axis] = nb::cast<std::tuple<ParamId, nb::object, int>>(entry);
    const std::optional<StridedView> value = TensorReader::read(tensor.ptr());
    if (!value) continue;
    recorder.parameter(id, Role::weight, ObservedView(*value));
    const nb::object gradient = tensor.attr("grad");
    if (!gradient.is_none()) {
      if (const auto view = TensorReader::read(gradient.ptr())) {
        recorder.parameter(id, Role::grad_weight, ObservedView(*view).scaled(log2_scale));
      }
    }
    if (compare && axis >= 0) recorder.symmetry(id, *value, axis);
    if (!is_dense(*value)) continue;
    if (used == copies_.size()) copies_.emplace_back();
    Copy& copy = copies_[used++];
    const auto bytes = static_cast<std::size_t>(value->size() * size_bytes(value->type));
    copy.param = id;
    copy.values = *value;
    copy.memory.resize((bytes + sizeof(double) - 1) / sizeof(double));
    std::memcpy(copy.memory.data(), value->data, bytes);
    copy.values.data = copy.memory.data();
  }
  copies_.resize(used);
}

// Element by element in the order of memory, which is the same of both.
void Watcher::tell_update(const Copy& before, const StridedView& after) {
  constexpr std::int64_t kPiece = 4096;
  const std::int64_t total = after.size();
  const auto tell = [&]<class T>(T) {
    std::array<T, kPiece> old_values, new_values;
    for (std::int64_t begin = 0; begin < total; begin += kPiece) {
      const std::int64_t count = std::min(kPiece, total - begin);
      const std::int64_t sizes[] = {count}, strides[] = {1};
      const auto read = [&](const StridedView& from, std::array<T, kPiece>& to) {
        const auto* const at =
            static_cast<const char*>(from.data) + begin * size_bytes(from.type);
        KeptReader reader(ObservedView(StridedView(at, from.type, sizes, strides)));
        reader.next(std::span(to).first(static_cast<std::size_t>(count)));
      };
      read(before.values, old_values);
      read(after, new_values);
      for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        new_values[i] -= old_values[i];
      }
      constexpr ElementType type = sizeof(T) == 8 ? ElementType::f64 : ElementType::f32;
      session.recorder().parameter(
          before.param, Role::update,
          ObservedView(StridedView(new_values.data(), type, sizes, strides)), {begin, total});
    }
  };
  if (after.type == ElementType::f64) {
    tell(double{});
  } else {
    tell(float{});
  }
}

void Watcher::after_update(nb::list entries) {
  for (nb::handle entry : entries) {
    const auto [id, tensor, axis] = nb::cast<std::tuple<ParamId, nb::object, int>>(entry);
    const auto found = std::ranges::find(copies_, id, &Copy::param);
    if (found == copies_.end()) continue;
    const std::optional<StridedView> value = TensorReader::read(tensor.ptr());
    const bool is_same = value && value->type == found->values.type && is_dense(*value) &&
                         value->size() == found->values.size();
    if (is_same) tell_update(*found, *value);
  }
  copies_.clear();
}

}  // namespace plumb::python
