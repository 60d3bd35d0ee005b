// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Inputs far from mean 0 and deviation 1: all of them, or one column.
/// Measured   DataInfo::inputs, by column: rms, the largest against the median of the others; and
///            what it does: of classes the loss of the first step against that of the best constant answer,
///            the input of the first activation.
/// Threshold  All: rms above kLargeInput or below kSmallInput. One column: kColumnFactor times the
///            median of the others, and itself above 1. Our choice: docs/rules/input_scale.md.
///            Severity by what it does: a warning where the first loss is kLargeLoss times the
///            baseline or the first activation gets an input of rms kLargeFirst, critical at
///            kVeryLargeLoss; a warning where a column is kColumnFactorAlone as large as the
///            others, which then hardly count, or where all are small; else a note.
/// Silent     where a normalisation over the samples stands in front of the first layer with
///            weights, which scales each column for itself; where the data are not known.
/// Advice     scale_inputs, by column, as `--standardise` does.
void check_input_scale(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kLargeInput = 5;
inline constexpr double kSmallInput = 0.02;
inline constexpr double kColumnFactor = 10;
inline constexpr double kColumnFactorAlone = 30;
inline constexpr double kLargeLoss = 3;
inline constexpr double kVeryLargeLoss = 20;
inline constexpr double kLargeFirst = 10;

}  // namespace plumb
