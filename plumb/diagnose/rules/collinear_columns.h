// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The columns of a table say nearly the same, and what tells the samples apart is the
///            little in which they differ; the network learns badly.
/// Measured   At the start, the effective number of directions that the samples of the inputs
///            spread over (SignalRecord), beside what columns of these deviations would have if
///            nothing tied them: (sum s_j^2)^2 / sum s_j^4.
/// Threshold  kOneInputDirection, where independent columns had kFewestIndependent or more; and
///            less than half of the way from the baseline after 100 steps. Critical at the
///            baseline. Our choice: docs/rules/collinear_columns.md.
/// Silent     where another rule has found something above a note (it is asked last but for
///            not_learning), in a probe, before a recurrent layer.
/// Advice     decorrelate_columns, by hand: no rewrite does it.
/// Source     LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.3: the largest
///            eigenvalue of the inputs' covariance bounds the rate, and the ratio of the largest to
///            the smallest says how many steps are needed.
void check_collinear_columns(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kOneInputDirection = 1.05;
inline constexpr double kFewestIndependent = 3;

}  // namespace plumb
