// SPDX-License-Identifier: Apache-2.0
#include "python/src/forward_hook.h"

#include <nanobind/stl/string.h>

#include <memory>
#include <vector>

#include "python/src/gradient_hooks.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

PyObject* s_grad_fn;

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
  std::string function;
  std::shared_ptr<DerivativeJudge> judge;  ///< of the function

  void set_call(std::size_t index, LayerId layer, Layout layout) {
    if (calls.size() <= index) calls.resize(index + 1);
    Call& to = calls[index];
    if (to.layer == layer && to.layout == layout) return;
    to.layer = layer;
    to.layout = layout;
    to.gradient = make_hook(new GradientHook(owner_, layer, layout));
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
    const auto view = watcher->read(tensor, now.layout);
    PyObject* const input = TensorReader::first_tensor(arguments[1]);
    if (!view) {
      if (!watcher->has_device()) return;
      const bool is_new = now.reads != kNoLayer && input != nullptr &&
                          type_of_node(input) == now.reads_type;
      const bool is_told = nb::cast<bool>(watcher->device.attr("module")(
          now.layer, is_new ? now.reads : kNoLayer, nb::handle(tensor),
          input == nullptr ? nb::none() : nb::handle(input), now.layout, function,
          judge && judge->serves_output()));
      if (is_told) attach_gradient(tensor, now.gradient);
      return;
    }
    Recorder& recorder = watcher->session.recorder();
    if (now.reads != kNoLayer && input != nullptr && type_of_node(input) == now.reads_type) {
      const auto read = watcher->read(input, now.layout);
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
  auto* const hook = dynamic_cast<ForwardHook*>(hook_of(object));
  if (hook == nullptr) throw nb::type_error("expected a forward hook");
  return hook;
}

nb::object make_forward_hook(nb::object watcher, nb::handle module, const std::string& function) {
  auto* const hook = new ForwardHook(std::move(watcher), module);
  nb::object object = make_hook(hook);
  hook->self = object.ptr();
  hook->function = function;
  if (!function.empty()) hook->judge = std::make_shared<DerivativeJudge>(function);
  return object;
}

}  // namespace

void bind_forward_hook(nb::module_& module) {
  s_grad_fn = PyUnicode_InternFromString("grad_fn");
  module.def("forward_hook", &make_forward_hook, nb::arg("watcher"), nb::arg("module"),
             nb::arg("function") = "");
  module.def("set_call", [](nb::handle hook, std::size_t index, LayerId layer, Layout layout) {
    forward_hook(hook)->set_call(index, layer, layout);
  });
  module.def(
      "set_reads",
      [](nb::handle hook, std::size_t index, LayerId layer, nb::object node) {
        ForwardHook::Call& call = forward_hook(hook)->calls.at(index);
        call.reads = layer;
        call.reads_type = node.is_none() ? nullptr : Py_TYPE(node.ptr());
      },
      nb::arg("hook"), nb::arg("index"), nb::arg("layer"), nb::arg("node").none());
}

}  // namespace plumb::python
