// SPDX-License-Identifier: Apache-2.0
#include "python/src/gradient_hooks.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

PyObject *s_grad_fn, *s_register_hook_dict, *s_backward_hooks, *s_requires_grad;
PyObject* ordered_dict = nullptr;

}  // namespace

void GradientHook::call(PyObject* const* arguments, std::size_t count) {
  if (!watcher->measures() || !watcher->in_backward || count < 1) return;
  PyObject* gradient = arguments[0];
  // A node's hook is handed those of all its outputs.
  if (PyTuple_Check(gradient)) {
    if (PyTuple_Size(gradient) == 0) return;
    gradient = PyTuple_GetItem(gradient, 0);
  }
  if (gradient == Py_None) return;
  guarded(watcher, [&] {
    const auto view = watcher->read(gradient, layout_, watcher->flow_log2_scale);
    if (view) {
      watcher->session.recorder().gradient(layer_, *view);
    } else if (watcher->has_device()) {
      watcher->device.attr("gradient")(layer_, nb::handle(gradient), watcher->flow_log2_scale);
    }
  });
}

void WayHook::call(PyObject* const* arguments, std::size_t count) {
  if (!watcher->measures() || !watcher->in_backward || count < 1) return;
  PyObject* const gradients = arguments[0];
  if (!PyTuple_Check(gradients) || PyTuple_Size(gradients) <= place_) return;
  PyObject* const gradient = PyTuple_GetItem(gradients, place_);
  if (gradient == Py_None) return;
  guarded(watcher, [&] {
    const auto view = watcher->read(gradient, Layout::rows, watcher->flow_log2_scale);
    if (view) {
      watcher->session.recorder().join_way(layer_, {reader_, input_, *view});
    } else if (watcher->has_device()) {
      watcher->device.attr("join_way")(layer_, reader_, input_, nb::handle(gradient),
                                       watcher->flow_log2_scale);
    }
  });
}

void KeepingHook::call(PyObject* const* arguments, std::size_t count) {
  if (count > 0) gradient = nb::borrow(arguments[0]);
}

void attach_gradient(PyObject* tensor, nb::handle hook) {
  PyObject* const required = PyObject_GetAttr(tensor, s_requires_grad);
  const bool is_required = required == Py_True;
  Py_XDECREF(required);
  if (!is_required) {
    PyErr_Clear();
    return;
  }
  const nb::object node = nb::steal(PyObject_GetAttr(tensor, s_grad_fn));
  if (!node.is_valid()) throw nb::python_error();
  const nb::object hooks = nb::steal(PyObject_CallNoArgs(ordered_dict));
  const nb::object key = nb::int_(0);
  if (!hooks.is_valid() || PyObject_SetItem(hooks.ptr(), key.ptr(), hook.ptr()) != 0) {
    throw nb::python_error();
  }
  if (PyObject_SetAttr(tensor, s_backward_hooks, hooks.ptr()) != 0) throw nb::python_error();
  if (node.is_none()) return;
  PyObject* const call[] = {node.ptr(), tensor};
  const nb::object done = nb::steal(PyObject_VectorcallMethod(
      s_register_hook_dict, call, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  if (!done.is_valid()) throw nb::python_error();
}

void bind_gradient_hooks(nb::module_& module) {
  s_grad_fn = PyUnicode_InternFromString("grad_fn");
  s_register_hook_dict = PyUnicode_InternFromString("_register_hook_dict");
  s_backward_hooks = PyUnicode_InternFromString("_backward_hooks");
  s_requires_grad = PyUnicode_InternFromString("requires_grad");
  ordered_dict =
      nb::object(nb::module_::import_("collections").attr("OrderedDict")).release().ptr();
  module.def("gradient_hook", [](nb::object watcher, LayerId layer, Layout layout) {
    return make_hook(new GradientHook(std::move(watcher), layer, layout));
  });
  module.def("keeping_hook",
             [](nb::object watcher) { return make_hook(new KeepingHook(std::move(watcher))); });
  module.def("keep_gradient", [](nb::handle tensor, nb::handle hook) {
    static_cast<KeepingHook*>(hook_of(hook))->gradient = nb::none();
    attach_gradient(tensor.ptr(), hook);
  });
  module.def("kept_gradient",
             [](nb::handle hook) { return static_cast<KeepingHook*>(hook_of(hook))->gradient; });
}

}  // namespace plumb::python
