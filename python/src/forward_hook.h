// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace plumb::python {

/// forward_hook(watcher, module, function): behind a module, in measured steps. It shows the
/// recorder what the module gives and waits for the gradient that comes back to it; `function` is
/// that of an activation, for its derivative. set_call and set_reads say which layer a call of the
/// module is, and whether its input is measured here too.
///
/// A hook looks whether it is called by the module that it was made for: a copy of a model (an
/// average of its weights, say) takes the hooks of the original along, and is none of ours.
void bind_forward_hook(nanobind::module_& module);

}  // namespace plumb::python
