// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Input columns that are the same for every sample, or samples that are all equal.
/// Measured   DataInfo::inputs: columns of deviation 0.
/// Threshold  One column of a table of at most kFewColumns, or a named one, is a note: it tells
///            nothing. All columns are critical: nothing can be learned of the input. Images have
///            dark corners: single ones of many are passed over. A warning where the squares of
///            the constants add up to kConstantShare times the variances of all others: every
///            weight on them gets the same large gradient from each sample, so that the largest
///            curvature of the loss grows by about that factor and the rate has to fall with it
///            (LeCun, Kanter and Solla 1991: inputs of mean zero). Our choice:
///            docs/rules/constant_features.md.
/// Advice     leave them out; look at how the data were made.
void check_constant_features(const RunView& view, std::vector<Finding>& findings);

inline constexpr std::size_t kFewColumns = 32;
inline constexpr double kConstantShare = 4;

}  // namespace plumb
