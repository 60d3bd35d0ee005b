// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace plumb::python {

/// What a cure decides from scores (plumb/proof): paired_difference, training_fails,
/// reproduction_ending, is_doubted, settles_doubt, choose_change, judge_proof.
void bind_proof(nanobind::module_& module);

}  // namespace plumb::python
