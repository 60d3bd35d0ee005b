// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include "python/src/watcher.h"

namespace plumb::python {

/// What the watch of a device's tensors (plumb._torch.device) tells at the end of a step, once it
/// has fetched what was counted: tell_output, tell_gradient, tell_parameter, tell_derivative,
/// tell_join, tell_samples, tell_symmetry of Watcher.
///
/// A row is what the kernel counts of a tensor, in 64-bit words of the machine's order:
///
///   256 counts of octaves, 12 of limits, one of zeros and three of nothing, of 32 bits each
///   the bits of the largest finite magnitude, as of a double
///   the sum and the sum of squares, doubles
///
/// It is read at its address, with the number of values that went into it.
void bind_device_watch(nanobind::module_& module, nanobind::class_<Watcher>& watcher);

}  // namespace plumb::python
