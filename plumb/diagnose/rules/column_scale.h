// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    One column of the inputs is much larger than the others.
/// Measured   DataInfo::inputs: the rms of the largest column against the median of the others; and
///            what it does (InputEffect).
/// Threshold  kColumnFactor times, and above 1 itself; a warning from kColumnFactorAlone on, since
///            the others hardly count beside it, else by its effect: docs/rules/column_scale.md.
/// Silent     as input_scale.
/// Advice     scale_inputs by column, as `--standardise` does.
void check_column_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kColumnFactor = 10;
inline constexpr double kColumnFactorAlone = 30;

/// Whether the inputs have such a column.
bool has_large_column(const std::vector<ColumnInfo>& columns);

}  // namespace plumb
