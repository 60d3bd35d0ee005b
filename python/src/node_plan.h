// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace plumb::python {

/// walk(roots): every node of an autograd graph. NodePlan: the hooks that nodes of such a graph get
/// in each measured step, for what no module gives: functional operations and joins.
void bind_node_plan(nanobind::module_& module);

}  // namespace plumb::python
