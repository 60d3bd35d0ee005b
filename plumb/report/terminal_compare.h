// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"

namespace plumb {

/// Runs side by side for the terminal: a letter for each with the name of its file, its network and
/// its verdict in a word; the settings in which they differ, and no other; what came of it, with
/// the difference to the run at place `baseline`; and the flow at the last measured step whose
/// gradients are finite, one bar a layer, all on one scale.
///
/// The reach is that of the verdict: the norm of one sample's gradient at the first layer, to that
/// at the last one. A setting that a run does not have is "-". Every line fits into the width.
std::string render_comparison(std::span<const DiagnosedRun> runs, std::size_t baseline,
                              const TerminalOptions& options = {});

/// One setting with its value in every run, "" where a run does not have it.
struct SettingDifference {
  std::string name;
  std::vector<std::string> values;
};

/// The settings in which the runs differ, in the order of the first run that has each: what was
/// asked, the network as it was asked for, data, loss, optimiser, batch, seed and precision.
std::vector<SettingDifference> setting_differences(std::span<const DiagnosedRun> runs);

}  // namespace plumb
