// SPDX-License-Identifier: Apache-2.0
#include "python/src/watcher.h"

#include <nanobind/stl/tuple.h>

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
    updates_.keep(id, *value);
  }
}

void Watcher::after_update(nb::list entries) {
  for (nb::handle entry : entries) {
    const auto [id, tensor, axis] = nb::cast<std::tuple<ParamId, nb::object, int>>(entry);
    const std::optional<StridedView> value = TensorReader::read(tensor.ptr());
    if (value) updates_.tell(session.recorder(), id, *value);
  }
  updates_.begin();
}

}  // namespace plumb::python
