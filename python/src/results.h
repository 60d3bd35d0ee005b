// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include "plumb/record/run.h"

namespace plumb::python {

/// The findings as a list of dicts: facts by name, and the sentences made of them.
nanobind::list findings_of(const Run& run);

/// load(): a run file as dicts and bytes of doubles, which Python makes arrays of.
void bind_results(nanobind::module_& module);

}  // namespace plumb::python
