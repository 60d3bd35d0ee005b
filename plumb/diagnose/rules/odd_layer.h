// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    One layer is out of line with those it stands among, although what it does does not
///            show over the depth as a whole: it is the first layer, stands on a branch, or another
///            one makes up for it.
/// Measured   In the first measured step, as odd_layers.h has it.
/// Threshold  A factor of 100 off the median of the others (that of the flow over depth), and six
///            of their standard deviations; a factor of 8 upwards where an alarm says that steps
///            are too large, the gradient explodes or numbers break, which it explains. Our choice;
///            docs/rules/odd_layer.md.
/// False alarms  A layer drawn small or large on purpose. One that starts at zero and one whose
///            size a normalisation undoes are not meant. What vanishing_gradient and
///            exploding_gradient say of a layer is not said again.
/// Advice     Start it as the others.
void check_odd_layer(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
