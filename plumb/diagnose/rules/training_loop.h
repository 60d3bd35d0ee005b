// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The calls around the network do something else than was meant: gradients are never
///            reset, parameters get no gradient or are in no optimiser, the loss pairs each output
///            with each target, updates are made in evaluation mode.
/// Measured   loop_faults(): what whoever watches the calls has seen of them.
/// Threshold  One. Critical where the network does not learn, and where every output is compared
///            with every target or no parameter is in the optimiser; a note where it learns and
///            some parameters are in no optimiser, as when a head alone is trained; else a warning.
/// Silent     for plumb's own trainer, whose loop is its own, and where no step was measured: the
///            verdict says then what was seen instead.
/// False alarms  A part that is not to be trained and not frozen either: a backbone under no_grad()
///            in the optimiser. requires_grad_(False) says that it is meant.
/// Advice     look_closer at the loop: the fault's own sentence.
void check_training_loop(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
