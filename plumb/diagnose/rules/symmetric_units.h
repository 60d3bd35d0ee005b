// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Units of one layer with the same weights, which compute the same thing and get the
///            same gradient: training cannot tell them apart.
/// Measured   Rows of a weight that repeat an earlier row exactly (SymmetryRecord), in steps
///            between which updates happened: rows that stay equal after an update had equal
///            gradients. The sketches show no single row of a gradient, so that is how equal
///            gradients are seen.
/// Threshold  One repeated row in two measured steps one after another: continuous initialisation
///            never repeats a row. Equal weights in a single measured step are judged only where
///            every linear layer that it feeds next has them too (or the layer has no weight but zero): unequal
///            weights above break the symmetry at the next update, as they do below an output layer
///            that starts at zero. A weight of zeros that leaves zero, or waits behind one that
///            does (zero_start.h), is not judged, unless all that it feeds next have equal rows too or
///            the network has not learned by the end (Learning::at_baseline).
/// False alarms  Units tied or pruned to zero on purpose.
/// Advice     Random weights.
void check_symmetric_units(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
