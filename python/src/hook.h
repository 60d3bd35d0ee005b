// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>

#include "python/src/watcher.h"

namespace plumb::python {

/// What a hook does; the object that Python holds is a shell around it, called without a tuple of
/// arguments being made (vectorcall).
class Hook {
 public:
  explicit Hook(nanobind::object owner)
      : owner_(std::move(owner)), watcher(nanobind::cast<Watcher*>(owner_)) {}
  virtual ~Hook() = default;
  virtual void call(PyObject* const* arguments, std::size_t count) = 0;

 private:
  nanobind::object owner_;

 protected:
  Watcher* watcher;
};

/// The Python object, which owns the Hook. A copy of it, or what it is pickled as, does nothing:
/// see set_inert.
nanobind::object make_hook(Hook* hook);
/// Errors: nb::type_error where it is none of ours.
Hook* hook_of(nanobind::handle object);

/// Calls ours, and takes what they throw: the watcher is told, Python sees no error.
template <class Work>
void guarded(Watcher* watcher, const Work& work) {
  const OwnTime time(*watcher);
  try {
    work();
  } catch (nanobind::python_error& error) {
    watcher->fail(error.what());
  } catch (const std::exception& error) {
    watcher->fail(error.what());
  }
}

/// The type, and set_inert(copy, reduced): what stands in the place of a hook in a copied model,
/// and what __reduce__ gives.
void bind_hook(nanobind::module_& module);

}  // namespace plumb::python
