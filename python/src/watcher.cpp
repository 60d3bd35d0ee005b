// SPDX-License-Identifier: Apache-2.0
#include "python/src/watcher.h"

#include <nanobind/stl/tuple.h>

#include <chrono>
#include <cmath>
#include <ctime>

namespace plumb::python {

namespace nb = nanobind;

double OwnTime::now_s() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
#else
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

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

Watcher::Replay& Watcher::replay(ParamId id) {
  const auto at = static_cast<std::size_t>(id);
  if (at >= replays_.size()) replays_.resize(at + 1);
  return replays_[at];
}

std::vector<std::size_t> Watcher::before_update(const ParamEntries& entries, double log2_scale,
                                                bool can_replay) {
  Recorder& recorder = session.recorder();
  const bool compare = recorder.is_symmetry_due();
  static PyObject* const s_grad = PyUnicode_InternFromString("grad");
  std::vector<std::size_t> due;
  for (std::size_t place = 0; place < entries.all.size(); ++place) {
    const auto& [id, tensor, axis] = entries.all[place];
    const std::optional<StridedView> value = read(tensor.ptr());
    if (!value) {
      if (has_device()) device.attr("before_update")(id, tensor, compare ? axis : -1, log2_scale);
      continue;
    }
    const nb::object of_tensor = nb::steal(PyObject_GetAttr(tensor.ptr(), s_grad));
    if (!of_tensor.is_valid()) throw nb::python_error();
    const auto gradient = of_tensor.is_none() ? std::nullopt : read(of_tensor.ptr());
    Replay& how = replay(id);
    how.is_due = can_replay && how.is_safe && gradient && size_bytes(value->type) >= 4;
    if (how.is_due) {
      due.push_back(place);
      updates_.forget(id);
      recorder.parameter(id, Role::weight, ObservedView(*value));
    } else {
      updates_.tell_and_keep(recorder, id, *value);
    }
    if (gradient) {
      recorder.parameter(id, Role::grad_weight, ObservedView(*gradient).scaled(log2_scale));
    }
    if (compare && axis >= 0) recorder.symmetry(id, *value, axis);
  }
  return due;
}

void Watcher::after_update(const ParamEntries& entries, std::optional<nb::list> replays) {
  std::size_t told = 0;
  for (const auto& [id, tensor, axis] : entries.all) {
    if (!replay(id).is_due) {
      const std::optional<StridedView> value = read(tensor.ptr());
      if (value) {
        updates_.tell(session.recorder(), id, *value);
      } else if (has_device()) {
        device.attr("after_update")(id, tensor);
      }
      continue;
    }
    const auto [added, factor] = nb::cast<std::tuple<nb::object, double>>((*replays)[told++]);
    const std::optional<StridedView> values = TensorReader::read(added.ptr());
    if (!values) continue;
    session.recorder().parameter(id, Role::update,
                                 ObservedView(*values).scaled(std::log2(std::abs(factor))));
  }
  if (replays) note_sizes();
  updates_.begin();
}

// What stands in the record from an earlier step, behind this one's, is overwritten or cut off.
void Watcher::note_sizes() {
  for (SketchRecord& one : session.record().sketches) {
    if (!one.site.is_of_parameter()) continue;
    Replay& how = replay(one.site.id);
    if (one.site.role == Role::weight) {
      how.log2_weight = one.sketch.true_log2_rms();
    } else if (one.site.role == Role::update) {
      how.log2_update = one.sketch.true_log2_rms();
      if (how.is_due) one.sketch.mean = -one.sketch.mean;  // of values that are subtracted
    }
  }
  for (Replay& how : replays_) {
    how.is_due = false;
    how.is_safe = how.log2_update - how.log2_weight > kLeastReplayed_log2;
  }
}

}  // namespace plumb::python
