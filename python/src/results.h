// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "plumb/record/run.h"

namespace plumb::python {

/// The findings as a JSON array of what report/finding_json.h gives of each.
std::string findings_json(const Run& run);

/// load(): a run file as dicts and bytes of doubles, which Python makes arrays of.
void bind_results(nanobind::module_& module);

}  // namespace plumb::python
