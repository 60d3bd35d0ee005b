// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Dropout leaves so few values that a layer works with noise.
/// Measured   Of the first measured step: which part of the values that are not zero in front of a
///            dropout layer is zero behind it, and how many units that leaves of its own.
/// Threshold  kDropped of the values, or fewer than kUnitsLeft units on average. Our choice; the
///            usual rates are 0.1 to 0.5 (Srivastava et al. 2014, who see no use above 0.8).
/// Silent     where either tensor was not recorded.
/// Advice     lower_dropout.
void check_starving_dropout(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kDropped = 0.75;
inline constexpr double kUnitsLeft = 3;

}  // namespace plumb
