// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// No layer moves, and what stands between the gradient and the weights is asked why.
///
/// Measured   The pace of the fastest layer (layer_pace.h), summed over all steps: each measured
///            step stands for those up to the next one.
/// Threshold  (a) Of at least kFewestSteps steps: kStandstillMoved of its weight in all, while the
///            loss came down by less than kLossMoved of itself and did not begin below half of the
///            best constant answer's (where that is known; else of log(classes)): a network that has
///            learned already may stand still.
///            Or, where nothing else was found above a note that would be the cause, kUnlearnedMoved
///            of its weight in all in a network that has had its steps and has not learned
///            (learning.h): a first loss above that of the best constant answer comes down to it at
///            any rate.
///            Or, again where nothing else was found, kSlowedMoved of its weight in all in a network
///            that learns still, or has not begun to, and has not reached most of what can be had,
///            where eps is kSlowedByEpsLog2 above the gradient of that layer.
///            (b) kStandstillLog2 a step at the most, of runs of any length.
///            (c) The rate fell to kRateGone of its largest before half of the run was over, the
///            fastest layer moved by kStandstillMoved from then on, and the loss is still above
///            kLossLeft of what it was at first.
/// Cause      What took most of the way from a usual update, in the step in which the fastest layer
///            was fastest, by the optimiser that runs (OptimiserInfo): clipping (its factor, of an
///            optimiser that does not divide by the gradient's size), eps (of one that does: rms of
///            update / rate far below 1, and eps above the rms of the gradient), a warm-up that did
///            not end, a schedule; the gradient itself, where no usual rate would do; else the rate.
/// `unexplained`: no other rule has found anything above a note.
std::optional<Finding> find_standstill(const RunView& view, bool unexplained);

inline constexpr double kStandstillLog2 = -19.93;  ///< 1e-6
inline constexpr double kStandstillMoved = 0.02;
inline constexpr double kUnlearnedMoved = 0.2;
inline constexpr double kSlowedMoved = 0.7;
inline constexpr double kSlowedByEpsLog2 = 3.322;  ///< a factor of 10
inline constexpr int kFewestSteps = 50;
inline constexpr double kLossMoved = 0.05;
inline constexpr double kLossLeft = 0.3;
inline constexpr double kRateGone = 0.02;

}  // namespace plumb
