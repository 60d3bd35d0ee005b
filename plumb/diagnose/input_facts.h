// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// What the scale of the inputs did to the start of a network.
struct InputEffect {
  double loss_ratio = 0;  ///< first loss over that of the best constant answer; NaN if not known
  /// rms of what the first layer with weights gives, of a recurrent one of what the inputs have in
  /// it; NaN if not known.
  double first_z = 0;
  /// A warning from kLargeLoss or kLargeFirst on, critical from kVeryLargeLoss on; else a note.
  Severity severity = Severity::note;
  LayerId first_layer = kNoLayer;  ///< the one of first_z

  static constexpr double kLargeLoss = 3;
  static constexpr double kVeryLargeLoss = 20;
  static constexpr double kLargeFirst = 10;
};
/// Of classes the loss counts: that of values is as large as the targets, whatever the inputs are.
InputEffect input_effect(const RunView& view);

/// The column of the largest rms, and how many times the median of the others it is; 0 where no
/// other one varies.
struct LargestColumn {
  std::size_t index = 0;
  double factor = 0;
  double rms = 0;
};
LargestColumn largest_column(const std::vector<ColumnInfo>& columns);

double rms_of(const ColumnInfo& column);

/// The columns of the inputs, where they are known and are not scaled by a normalisation over the
/// samples in front of the first layer with weights. Null otherwise.
const std::vector<ColumnInfo>* raw_inputs(const RunInfo& info);

/// A finding about the inputs as they come, with that effect and with scale_inputs as its remedy.
Finding input_finding(const RunView& view, const char* rule, const InputEffect& effect);

}  // namespace plumb
