// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    A layer does not move while others do, or none of them moves.
/// Measured   rms(update) / rms(weight) of each linear layer without the part of weight decay,
///            against the median layer of the same step. A network near its optimum moves little in
///            all layers alike and is not meant.
/// Threshold  (a) 1/1000 of the median layer. Our choice: docs/rules/stalled_layer.md.
///            (b) float weights only: below 2^-25, half a unit in the last place, adding the update
///            leaves most weights as they were. Judged while the median layer is above it.
///            (c) none of the layers moves, as standstill.h has it. Three measured steps one after
///            another for (a) and (b) (all of them, if fewer): a residual branch that starts at zero has no
///            gradient for one step. A layer behind one that started at zero and leaves it is not
///            stalled while that lasts (zero_start.h). A large weight in front of a normalisation,
///            which divides it out, moves little and passes all: a note until training has shown
///            what that costs (Learning::kSomeSteps). A zero update that was seen in one step only is not judged.
/// False alarms  Layers frozen on purpose whose zero updates were recorded, where the run does not
///            say that they are (ParamInfo::frozen).
/// Advice     Mostly what vanishing_gradient says; else by what took the update away.
void check_stalled_layer(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kStalledLog2 = -9.966;  ///< 1/1000
inline constexpr double kRoundedAwayLog2 = -25;
/// Critical below a millionth of the median layer: the square of what is a warning.
inline constexpr double kStalledCriticalLog2 = 2 * kStalledLog2;
/// Weight decay is all that moves a layer whose update is 8 times what learning gives it, and more:
/// seven eighths of it are decay, at least.
inline constexpr double kOnlyDecayLog2 = 3;

}  // namespace plumb
