// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "python/src/hook.h"

namespace plumb::python {

/// The gradient that arrives at a tensor: a hook of the tensor or of its autograd node.
class GradientHook : public Hook {
 public:
  GradientHook(nanobind::object owner, LayerId layer, Layout layout)
      : Hook(std::move(owner)), layer_(layer), layout_(layout) {}
  void call(PyObject* const* arguments, std::size_t count) override;

 private:
  LayerId layer_;
  Layout layout_;
};

/// What one reader of a tensor sends back to it: a hook of a node of the reader.
class WayHook : public Hook {
 public:
  WayHook(nanobind::object owner, LayerId layer, LayerId reader, std::int32_t input,
          Py_ssize_t place)
      : Hook(std::move(owner)), layer_(layer), reader_(reader), input_(input), place_(place) {}
  void call(PyObject* const* arguments, std::size_t count) override;

 private:
  LayerId layer_, reader_;
  std::int32_t input_;
  Py_ssize_t place_;  ///< of the gradient among those that the node gives
};

/// Keeps the last gradient that came, in every step: what the first NaN of a backward pass is looked
/// for with.
class KeepingHook : public Hook {
 public:
  using Hook::Hook;
  void call(PyObject* const* arguments, std::size_t count) override;
  nanobind::object gradient = nanobind::none();
};

/// Registers a gradient hook on a tensor, in a dictionary of its own: with a register_hook of the
/// tensor, one that a later operation in place changes loses its gradient to the wrong node (1.13).
void attach_gradient(PyObject* tensor, nanobind::handle hook);

void bind_gradient_hooks(nanobind::module_& module);

}  // namespace plumb::python
