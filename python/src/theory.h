// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace plumb::python {

/// Functions of plumb/theory that a start is made of, under names of their own: critical_start,
/// critical_gain_at, moments, tailored_slope, leaky_relu_gain, gate_value, gate_memory.
void bind_theory(nanobind::module_& module);

}  // namespace plumb::python
