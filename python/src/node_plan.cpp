// SPDX-License-Identifier: Apache-2.0
#include "python/src/node_plan.h"

#include <nanobind/stl/string.h>

#include <memory>
#include <unordered_set>
#include <vector>

#include "python/src/gradient_hooks.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

PyObject *s_next_functions, *s_register_hook, *s_register_prehook;

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
    for (Py_ssize_t i = PyTuple_Size(next.ptr()); i-- > 0;) {
      PyObject* const to = PyTuple_GetItem(PyTuple_GetItem(next.ptr(), i), 0);
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
    gradients_.push_back({place, make_hook(new GradientHook(watcher_, layer, layout))});
  }
  void add_way(std::size_t place, Py_ssize_t input_of_node, LayerId layer, LayerId reader,
               std::int32_t input) {
    ways_.push_back({place, make_hook(new WayHook(watcher_, layer, reader, input, input_of_node))});
  }
  /// f' of a functional activation from what autograd saved of it: its result or its input.
  void add_slope(std::size_t place, const std::string& saved, bool is_output, LayerId layer,
                 Layout layout, const std::string& function) {
    slopes_.push_back(
        {place, saved, is_output, layer, layout, function,
         std::make_shared<DerivativeJudge>(function)});
  }
  bool is_empty() const { return gradients_.empty() && ways_.empty() && slopes_.empty(); }

  /// False where the graph is not the one that the plan was made for.
  bool attach(nb::list roots) const {
    const nb::list order = walk(roots);
    if (nb::len(order) != types_.size()) return false;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (Py_TYPE(PyList_GetItem(order.ptr(), static_cast<Py_ssize_t>(i))) != types_[i]) {
        return false;
      }
    }
    attach_to(order);
    return true;
  }
  void attach_to(nb::list order) const {
    const auto node = [&](std::size_t place) {
      return nb::handle(PyList_GetItem(order.ptr(), static_cast<Py_ssize_t>(place)));
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
      const auto view = watcher.read(saved.ptr(), one.layout);
      if (view) {
        one.judge->tell(watcher.session.recorder(), one.layer, *view, one.is_output);
      } else if (watcher.has_device() && (!one.is_output || one.judge->serves_output())) {
        watcher.device.attr("derivative")(one.layer, saved, one.layout, one.function,
                                          one.is_output);
      }
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
    std::string function;
    std::shared_ptr<DerivativeJudge> judge;
  };
  nb::object watcher_;
  std::vector<PyTypeObject*> types_;
  std::vector<Place> gradients_, ways_;
  std::vector<Slope> slopes_;
};

}  // namespace

void bind_node_plan(nb::module_& module) {
  s_next_functions = PyUnicode_InternFromString("next_functions");
  s_register_hook = PyUnicode_InternFromString("register_hook");
  s_register_prehook = PyUnicode_InternFromString("register_prehook");
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
