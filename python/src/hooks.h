// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "python/src/watcher.h"

namespace plumb::python {

/// The hooks that PyTorch calls, as callables of C: what a call costs that is not measured is a
/// test or two.
///
/// Each looks whether it is asked by the module that it was made for: a copy of a model (an average
/// of its weights, say) takes the hooks of the original along, and is none of ours. Copied or
/// pickled, a hook becomes one that does nothing.
/// Errors  none leaves a hook: Watcher::fail.
void bind_hooks(nanobind::module_& module);

}  // namespace plumb::python
