// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    A NaN or an infinity somewhere.
/// Measured   Non-finite counts of all sketches, the loss, an infinite gradient norm. In the first
///            measured step that shows one, the first producer in the order of computation: the
///            input, then layer by layer its weight and its output, the loss, then backwards the
///            gradients, then the updates. A weight is blamed only if what it made is not finite
///            either: a weight recorded after a broken update is its victim (nonfinite.h).
/// Threshold  One value: no healthy computation makes one.
/// False alarms  Masks that use infinities on purpose.
/// Advice     By what the first producer is.
void check_non_finite(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
