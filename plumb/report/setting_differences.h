// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plumb/record/run_info.h"

namespace plumb {

/// Names and values in the order in which they were given; a setting may be there and empty.
using RunSettings = std::vector<std::pair<std::string, std::string>>;

/// What was asked of a run: the network as it was asked for, data, loss, optimiser, batch, seed and
/// precision as far as they are known, then the producer's own settings of other names.
RunSettings settings_of(const RunInfo& info);

/// One setting with its value in every run; nothing where a run does not have it.
struct SettingDifference {
  std::string name;
  std::vector<std::optional<std::string>> values;
};

/// The settings in which the runs differ, in the order of the first run that has each. One that
/// only some have differs, and so does an empty one from one that is absent.
std::vector<SettingDifference> setting_differences(std::span<const RunSettings> runs);

/// "-" where it is absent, "(empty)" where it is there and empty.
std::string setting_text(const std::optional<std::string>& value);

}  // namespace plumb
