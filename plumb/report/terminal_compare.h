// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"

namespace plumb {

/// Runs side by side for the terminal: a letter for each with the name of its file, its network and
/// its verdict in a word; the settings in which they differ, and no other; what came of it, with
/// the difference to the run at place `baseline`; and the flow at the last measured step whose
/// gradients are finite, one bar a layer, all on one scale.
///
/// Reach and loss are those of the verdict: the norm of one sample's gradient at the first layer,
/// to that at the last one, at the last measured step that can be judged; the median of the last
/// tenth of the steps (diagnose/learning.h). Numbers are rounded as on the page; a difference that
/// rounds to nothing is left out. A setting that a run does not have is "-". Every line fits into
/// the width.
std::string render_comparison(std::span<const DiagnosedRun> runs, std::size_t baseline,
                              const TerminalOptions& options = {});

}  // namespace plumb
