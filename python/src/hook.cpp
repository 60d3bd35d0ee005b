// SPDX-License-Identifier: Apache-2.0
#include "python/src/hook.h"

#include <structmember.h>

namespace plumb::python {

namespace nb = nanobind;

namespace {

PyObject* nothing = nullptr;  ///< the function that does nothing
PyObject* reduced = nullptr;  ///< as which it is pickled
PyTypeObject* hook_type = nullptr;

struct HookObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  Hook* hook;
};

PyObject* hook_call(PyObject* self, PyObject* const* arguments, std::size_t count, PyObject*) {
  Hook* const hook = reinterpret_cast<HookObject*>(self)->hook;
  hook->call(arguments, static_cast<std::size_t>(PyVectorcall_NARGS(count)));
  Py_RETURN_NONE;
}

void hook_free(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  delete reinterpret_cast<HookObject*>(self)->hook;
  PyObject_Free(self);
  Py_DECREF(type);
}

PyObject* hook_copy(PyObject*, PyObject*) { return Py_NewRef(nothing); }
PyObject* hook_reduce(PyObject*, PyObject*) { return Py_NewRef(reduced); }

PyMethodDef hook_methods[] = {{"__deepcopy__", hook_copy, METH_O, nullptr},
                              {"__copy__", hook_copy, METH_NOARGS, nullptr},
                              {"__reduce__", hook_reduce, METH_NOARGS, nullptr},
                              {nullptr, nullptr, 0, nullptr}};
PyMemberDef hook_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(HookObject, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyType_Slot hook_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(hook_free)},
                            {Py_tp_members, hook_members},
                            {Py_tp_methods, hook_methods},
                            {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                            {0, nullptr}};
PyType_Spec hook_spec = {"plumb._core.Hook", sizeof(HookObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, hook_slots};

}  // namespace

nb::object make_hook(Hook* hook) {
  auto* const object = PyObject_New(HookObject, hook_type);
  if (object == nullptr) {
    delete hook;
    throw nb::python_error();
  }
  object->vectorcall = hook_call;
  object->hook = hook;
  return nb::steal(reinterpret_cast<PyObject*>(object));
}

Hook* hook_of(nb::handle object) {
  if (Py_TYPE(object.ptr()) != hook_type) throw nb::type_error("expected a hook");
  return reinterpret_cast<HookObject*>(object.ptr())->hook;
}

void bind_hook(nb::module_& module) {
  hook_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&hook_spec));
  if (hook_type == nullptr) throw nb::python_error();
  module.attr("Hook") = nb::borrow(reinterpret_cast<PyObject*>(hook_type));
  module.def("set_inert", [](nb::object copy, nb::object reduce) {
    nothing = copy.release().ptr();
    reduced = reduce.release().ptr();
  });
}

}  // namespace plumb::python
