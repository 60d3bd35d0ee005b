// SPDX-License-Identifier: Apache-2.0
#include "python/src/hooks.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <structmember.h>

#include <cstddef>
#include <unordered_set>

namespace plumb::python {

namespace nb = nanobind;

namespace {

PyObject *s_grad_fn, *s_register_hook_dict, *s_backward_hooks, *s_requires_grad, *s_next_functions,
    *s_register_hook, *s_register_prehook, *s_name;
PyObject* ordered_dict = nullptr;
PyObject* nothing = nullptr;       ///< the function that does nothing
PyObject* make_nothing = nullptr;  ///< and the one that gives it, by which it is pickled
PyTypeObject* hook_type = nullptr;

/// What a hook does; the object that Python holds is a shell around it.
class Hook {
 public:
  explicit Hook(nb::object owner)
      : owner_(std::move(owner)), watcher(nb::cast<Watcher*>(owner_)) {}
  virtual ~Hook() = default;
  virtual void call(PyObject* const* arguments, std::size_t count) = 0;

 private:
  nb::object owner_;

 protected:
  Watcher* watcher;
};

struct HookObject {
  PyObject_HEAD
  vectorcallfunc vectorcall;
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
PyObject* hook_reduce(PyObject*, PyObject*) {
  return Py_BuildValue("O()", make_nothing);
}

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

nb::object make(Hook* hook) {
  auto* const object = PyObject_New(HookObject, hook_type);
  if (object == nullptr) {
    delete hook;
    throw nb::python_error();
  }
  object->vectorcall = hook_call;
  object->hook = hook;
  return nb::steal(reinterpret_cast<PyObject*>(object));
}

/// Calls ours, and takes what they throw.
template <class Work>
void guarded(Watcher* watcher, const Work& work) {
  try {
    work();
  } catch (nb::python_error& error) {
    watcher->fail(error.what());
  } catch (const std::exception& error) {
    watcher->fail(error.what());
  }
}

/// The gradient that arrives at a tensor.
class GradientHook : public Hook {
 public:
  GradientHook(nb::object owner, LayerId layer, Layout layout)
      : Hook(std::move(owner)), layer_(layer), layout_(layout) {}

  void call(PyObject* const* arguments, std::size_t count) override {
    if (!watcher->measures() || !watcher->in_backward || count < 1) return;
    PyObject* gradient = arguments[0];
    // A node's hook is handed those of all its outputs.
    if (PyTuple_Check(gradient)) {
      if (PyTuple_GET_SIZE(gradient) == 0) return;
      gradient = PyTuple_GET_ITEM(gradient, 0);
    }
    if (gradient == Py_None) return;
    guarded(watcher, [&] {
      const auto view = TensorReader::read(gradient, layout_, watcher->flow_log2_scale);
      if (view) watcher->session.recorder().gradient(layer_, *view);
    });
  }

 private:
  LayerId layer_;
  Layout layout_;
};

/// What one reader of a tensor sends back to it: a hook of a node of the reader.
class WayHook : public Hook {
 public:
  WayHook(nb::object owner, LayerId layer, LayerId reader, std::int32_t input, Py_ssize_t place)
      : Hook(std::move(owner)), layer_(layer), reader_(reader), input_(input), place_(place) {}

  void call(PyObject* const* arguments, std::size_t count) override {
    if (!watcher->measures() || !watcher->in_backward || count < 1) return;
    PyObject* const gradients = arguments[0];
    if (!PyTuple_Check(gradients) || PyTuple_GET_SIZE(gradients) <= place_) return;
    PyObject* const gradient = PyTuple_GET_ITEM(gradients, place_);
    if (gradient == Py_None) return;
    guarded(watcher, [&] {
      const auto view = TensorReader::read(gradient, Layout::rows, watcher->flow_log2_scale);
      if (view) watcher->session.recorder().join_way(layer_, {reader_, input_, *view});
    });
  }

 private:
  LayerId layer_, reader_;
  std::int32_t input_;
  Py_ssize_t place_;
};

/// Registers a gradient hook on a tensor, in a dictionary of its own: with a register_hook of the
/// tensor, one that a later operation in place changes loses its gradient to the wrong node (1.13).
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

/// Shows the recorder what a module gives, and waits for the gradient that comes back to it.
class ForwardHook : public Hook {
 public:
  ForwardHook(nb::object owner, nb::handle module)
      : Hook(owner), owner_(owner), module_(module.ptr()) {}

  /// What is known of the module's call of that number.
  struct Call {
    LayerId layer = kNoLayer;
    LayerId reads = kNoLayer;  ///< its first input is the output of this layer, told by nobody else
    PyTypeObject* reads_type = nullptr;  ///< of that input's autograd node
    Layout layout = Layout::rows;
    nb::object gradient;
  };
  std::vector<Call> calls;
  std::shared_ptr<DerivativeJudge> judge;

  void set_call(std::size_t index, LayerId layer, Layout layout) {
    if (calls.size() <= index) calls.resize(index + 1);
    Call& to = calls[index];
    if (to.layer == layer && to.layout == layout) return;
    to.layer = layer;
    to.layout = layout;
    to.gradient = make(new GradientHook(owner_, layer, layout));
  }

  void call(PyObject* const* arguments, std::size_t count) override {
    if (!watcher->measures() || count < 3 || arguments[0] != module_) return;
    guarded(watcher, [&] {
      if (watcher->in_backward) {
        attach_again(arguments[count - 1]);
      } else if (watcher->in_forward) {
        observe(arguments, arguments[count - 1]);
      }
    });
  }

 private:
  void observe(PyObject* const* arguments, PyObject* output) {
    if (pass_ != watcher->pass) {
      pass_ = watcher->pass;
      next_ = 0;
    }
    const std::size_t index = next_++;
    if (watcher->learning || index >= calls.size() || calls[index].layer == kNoLayer) {
      watcher->learn(nb::handle(self), index, nb::handle(arguments[0]), nb::handle(arguments[1]),
                     nb::handle(output));
      if (index >= calls.size() || calls[index].layer == kNoLayer) return;
    }
    const Call& now = calls[index];
    PyObject* const tensor = TensorReader::first_tensor(output);
    if (tensor == nullptr) return;
    const auto view = TensorReader::read(tensor, now.layout);
    if (!view) return;
    Recorder& recorder = watcher->session.recorder();
    PyObject* const input = TensorReader::first_tensor(arguments[1]);
    if (now.reads != kNoLayer && input != nullptr && type_of_node(input) == now.reads_type) {
      const auto read = TensorReader::read(input, now.layout);
      if (read && read->values.data != view->values.data) recorder.output(now.reads, *read);
    }
    recorder.output(now.layer, *view);
    if (judge) tell_derivative(recorder, now, *view, input);
    attach_gradient(tensor, now.gradient);
  }

  // Another one than when the graph was found out: the input is that of another layer.
  static PyTypeObject* type_of_node(PyObject* tensor) {
    const nb::object node = nb::steal(PyObject_GetAttr(tensor, s_grad_fn));
    if (!node.is_valid()) throw nb::python_error();
    return Py_TYPE(node.ptr());
  }

  void tell_derivative(Recorder& recorder, const Call& now, const ObservedView& y,
                       PyObject* input) {
    const auto z = input == nullptr ? std::nullopt : TensorReader::read(input, now.layout);
    const bool is_kept = z && z->values.data != y.values.data;
    if (is_kept) {
      judge->tell(recorder, now.layer, *z, false);
    } else {
      judge->tell(recorder, now.layer, y, true);
    }
  }

  // A checkpoint computes again within the backward pass: seen once, but the gradient may come by
  // this one.
  void attach_again(PyObject* output) {
    if (calls.size() != 1 || calls[0].layer == kNoLayer) return;
    PyObject* const tensor = TensorReader::first_tensor(output);
    if (tensor != nullptr) attach_gradient(tensor, calls[0].gradient);
  }

  nb::object owner_;
  PyObject* module_;  ///< to compare with; the hook lives in it
  std::int64_t pass_ = -1;
  std::size_t next_ = 0;

 public:
  PyObject* self = nullptr;
};

ForwardHook* forward_hook(nb::handle object) {
  if (Py_TYPE(object.ptr()) != hook_type) throw nb::type_error("expected a hook");
  auto* const hook =
      dynamic_cast<ForwardHook*>(reinterpret_cast<HookObject*>(object.ptr())->hook);
  if (hook == nullptr) throw nb::type_error("expected a forward hook");
  return hook;
}

nb::object make_forward_hook(nb::object watcher, nb::handle module, const std::string& function) {
  auto* const hook = new ForwardHook(std::move(watcher), module);
  nb::object object = make(hook);
  hook->self = object.ptr();
  if (!function.empty()) hook->judge = std::make_shared<DerivativeJudge>(function);
  return object;
}

/// Every node of an autograd graph, in an order that the same graph always gives.
nb::list walk(nb::list roots) {
  std::vector<nb::object> waiting;
  std::unordered_set<PyObject*> seen;
  nb::list order;
  for (std::size_t i = nb::len(roots); i-- > 0;) waiting.push_back(nb::borrow(roots[i]));
  while (!waiting.empty()) {
    const nb::object node = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.insert(node.ptr()).second) continue;
    order.append(node);
    const nb::object next = nb::steal(PyObject_GetAttr(node.ptr(), s_next_functions));
    if (!next.is_valid()) throw nb::python_error();
    for (Py_ssize_t i = PyTuple_GET_SIZE(next.ptr()); i-- > 0;) {
      PyObject* const to = PyTuple_GET_ITEM(PyTuple_GET_ITEM(next.ptr(), i), 0);
      if (to != Py_None && seen.count(to) == 0) waiting.push_back(nb::borrow(to));
    }
  }
  return order;
}

void register_on(nb::handle node, PyObject* method, nb::handle hook) {
  PyObject* const call[] = {node.ptr(), hook.ptr()};
  const nb::object done = nb::steal(
      PyObject_VectorcallMethod(method, call, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  if (!done.is_valid()) throw nb::python_error();
}

/// What is to be hooked in the autograd graph of every measured step: places in the order of
/// walk(), found out once.
class NodePlan {
 public:
  explicit NodePlan(nb::object watcher) : watcher_(std::move(watcher)) {}

  void set_graph(nb::list order) {
    types_.clear();
    for (nb::handle node : order) types_.push_back(Py_TYPE(node.ptr()));
  }
  void add_gradient(std::size_t place, LayerId layer, Layout layout) {
    gradients_.push_back({place, make(new GradientHook(watcher_, layer, layout))});
  }
  void add_way(std::size_t place, Py_ssize_t input_of_node, LayerId layer, LayerId reader,
               std::int32_t input) {
    ways_.push_back(
        {place, make(new WayHook(watcher_, layer, reader, input, input_of_node))});
  }
  /// f' of a functional activation from what autograd saved of it: its result or its input.
  void add_slope(std::size_t place, const std::string& saved, bool is_output, LayerId layer,
                 Layout layout, const std::string& function) {
    slopes_.push_back(
        {place, saved, is_output, layer, layout, std::make_shared<DerivativeJudge>(function)});
  }
  bool is_empty() const { return gradients_.empty() && ways_.empty() && slopes_.empty(); }

  /// False where the graph is not the one that the plan was made for.
  bool attach(nb::list roots) const {
    const nb::list order = walk(roots);
    if (nb::len(order) != types_.size()) return false;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (Py_TYPE(PyList_GET_ITEM(order.ptr(), static_cast<Py_ssize_t>(i))) != types_[i]) {
        return false;
      }
    }
    attach_to(order);
    return true;
  }
  void attach_to(nb::list order) const {
    const auto node = [&](std::size_t place) {
      return nb::handle(PyList_GET_ITEM(order.ptr(), static_cast<Py_ssize_t>(place)));
    };
    for (const auto& [place, hook] : ways_) register_on(node(place), s_register_hook, hook);
    for (const auto& [place, hook] : gradients_) register_on(node(place), s_register_prehook, hook);
    Watcher& watcher = *nb::cast<Watcher*>(watcher_);
    for (const Slope& one : slopes_) {
      const nb::object saved =
          nb::steal(PyObject_GetAttrString(node(one.place).ptr(), one.saved.c_str()));
      if (!saved.is_valid()) {
        PyErr_Clear();  // freed, or changed in place
        continue;
      }
      const auto view = TensorReader::read(saved.ptr(), one.layout);
      if (view) one.judge->tell(watcher.session.recorder(), one.layer, *view, one.is_output);
    }
  }

 private:
  struct Place {
    std::size_t place;
    nb::object hook;
  };
  struct Slope {
    std::size_t place;
    std::string saved;
    bool is_output;
    LayerId layer;
    Layout layout;
    std::shared_ptr<DerivativeJudge> judge;
  };
  nb::object watcher_;
  std::vector<PyTypeObject*> types_;
  std::vector<Place> gradients_, ways_;
  std::vector<Slope> slopes_;
};

}  // namespace

void bind_hooks(nb::module_& module) {
  s_grad_fn = PyUnicode_InternFromString("grad_fn");
  s_register_hook_dict = PyUnicode_InternFromString("_register_hook_dict");
  s_backward_hooks = PyUnicode_InternFromString("_backward_hooks");
  s_requires_grad = PyUnicode_InternFromString("requires_grad");
  s_next_functions = PyUnicode_InternFromString("next_functions");
  s_register_hook = PyUnicode_InternFromString("register_hook");
  s_register_prehook = PyUnicode_InternFromString("register_prehook");
  ordered_dict = nb::object(nb::module_::import_("collections").attr("OrderedDict")).release().ptr();
  hook_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&hook_spec));
  if (hook_type == nullptr) throw nb::python_error();
  module.attr("Hook") = nb::borrow(reinterpret_cast<PyObject*>(hook_type));
  module.def("set_inert", [](nb::object inert, nb::object factory) {
    nothing = inert.release().ptr();
    make_nothing = factory.release().ptr();
  });

  module.def("forward_hook", &make_forward_hook, nb::arg("watcher"), nb::arg("module"),
             nb::arg("function") = "");
  module.def("set_call", [](nb::handle hook, std::size_t index, LayerId layer, Layout layout) {
    forward_hook(hook)->set_call(index, layer, layout);
  });
  module.def("set_reads",
             [](nb::handle hook, std::size_t index, LayerId layer, nb::object node) {
               ForwardHook::Call& call = forward_hook(hook)->calls.at(index);
               call.reads = layer;
               call.reads_type = node.is_none() ? nullptr : Py_TYPE(node.ptr());
             },
             nb::arg("hook"), nb::arg("index"), nb::arg("layer"), nb::arg("node").none());
  module.def("gradient_hook", [](nb::object watcher, LayerId layer, Layout layout) {
    return make(new GradientHook(std::move(watcher), layer, layout));
  });
  module.def("attach_gradient", [](nb::handle tensor, nb::handle hook) {
    attach_gradient(tensor.ptr(), hook);
  });
  module.def("walk", &walk);
  nb::class_<NodePlan>(module, "NodePlan")
      .def(nb::init<nb::object>())
      .def("set_graph", &NodePlan::set_graph)
      .def("add_gradient", &NodePlan::add_gradient)
      .def("add_way", &NodePlan::add_way)
      .def("add_slope", &NodePlan::add_slope)
      .def("is_empty", &NodePlan::is_empty)
      .def("attach", &NodePlan::attach)
      .def("attach_to", &NodePlan::attach_to);
}

}  // namespace plumb::python
