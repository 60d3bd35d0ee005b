// SPDX-License-Identifier: Apache-2.0
#include "python/src/theory.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <optional>
#include <string>
#include <tuple>

#include "plumb/theory/critical.h"
#include "plumb/theory/gate.h"
#include "plumb/theory/leaky_relu.h"
#include "plumb/theory/moments.h"
#include "plumb/theory/start.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

/// (gain, bias_std, q), or None.
std::optional<std::tuple<double, double, double>> critical_start(const std::string& activation) {
  const auto start = theory::critical_start(activation);
  if (!start) return std::nullopt;
  return std::tuple(start->gain, start->bias_std, start->q);
}

double critical_gain_at(const std::string& activation, double q) {
  return theory::critical_point_at(theory::make_activation(activation), q).scale.weight_std;
}

/// (E f, E f^2, variance of f, E f'^2) over N(0, q).
std::tuple<double, double, double, double> moments_at(const std::string& activation, double q) {
  const theory::Moments m = theory::moments(theory::make_activation(activation), q);
  return {m.value, m.value2, m.variance, m.derivative2};
}

}  // namespace

void bind_theory(nb::module_& module) {
  module.def("critical_start", &critical_start, nb::arg("activation"));
  module.def("critical_gain_at", &critical_gain_at, nb::arg("activation"), nb::arg("q"));
  module.def("moments", &moments_at, nb::arg("activation"), nb::arg("q"));
  module.def("tailored_slope", &theory::tailored_slope, nb::arg("layers"), nb::arg("target"));
  module.def("leaky_relu_gain", &theory::leaky_relu_gain, nb::arg("slope"));
  module.def("gate_value", &theory::gate_value, nb::arg("bias"));
  module.def("gate_memory", &theory::gate_memory, nb::arg("bias"));
  module.def("knows_activation", [](const std::string& text) {
    return text.rfind("softmax", 0) != 0 && theory::knows_activation(text);
  });
}

}  // namespace plumb::python
