// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/run_info.h"

namespace plumb {

/// What the calls around a watched network do wrong, told by whoever saw them (python/plumb/_torch/
/// loop.py): facts of the calls, that no number of the record shows.
///
/// They stand in RunInfo::settings, one in a line each: the setting "loop_faults" has the kinds,
/// "loop" the sentences in the framework's words. Both have as many lines; a sentence without a
/// kind ("-") is told and is no fault, as that no step was seen.
struct LoopFault {
  std::string kind;      ///< stable: see kLoopFaults
  std::string sentence;  ///< without a full stop, begins with a small letter
};

namespace loop_fault {
inline constexpr std::string_view kNotReset = "not_reset";     ///< gradients add up over updates
inline constexpr std::string_view kSevered = "severed";        ///< parameters without a gradient
inline constexpr std::string_view kLeftOut = "left_out";       ///< parameters in no optimiser
inline constexpr std::string_view kUntrained = "untrained";    ///< all of them
inline constexpr std::string_view kBroadcast = "broadcast";    ///< every output with every target
inline constexpr std::string_view kEvaluation = "evaluation";  ///< updates in evaluation mode
}  // namespace loop_fault

/// In the order in which they were told, without those of no kind.
std::vector<LoopFault> loop_faults(const RunInfo& info);
bool has_loop_fault(const RunInfo& info, std::string_view kind);
/// All sentences, those of no kind too.
std::vector<std::string> loop_sentences(const RunInfo& info);

}  // namespace plumb
