// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// What came of a run: its flow and its learning joined.
///
/// A network is called healthy where nothing above a note was found and it learns (learning.h): one
/// at the level of its best constant answer never is, and one that has converged is never sick, for
/// what showed in it did no harm (judge_harm.h). A probe has no outcome of learning: it is sick at
/// the start, or too early to say.
enum class Outcome : std::uint8_t {
  healthy,       ///< the gradient arrives, and the network learns
  converged,     ///< the same, and next to nothing of the loss is left
  not_learning,  ///< it has had its steps and is no better than the best constant answer
  sick,          ///< something above a note was found; it has learned something, or it is not known
  too_early,     ///< nothing was found, and whether it learns does not show (yet)
  not_measured,  ///< nothing was found, since no step was measured
  not_recorded   ///< nor could it be: the gradient between layers was not recorded (Missing)
};
std::string_view to_string(Outcome outcome);  ///< "healthy"; stable

/// Healthy or converged.
bool is_well(Outcome outcome);

/// `findings` are those of the view, judged for harm.
Outcome outcome_of(const RunView& view, std::span<const Finding> findings);

/// The part of the gradient's size that must be left at the first layer, of what it is at the last,
/// for words to say that it reaches every layer: 1/8, in log2. Our choice: well above what
/// vanishing_gradient allows, and what a healthy net of 30 layers keeps.
inline constexpr double kReachesLog2 = -3;

}  // namespace plumb
