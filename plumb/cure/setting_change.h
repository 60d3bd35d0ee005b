// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/train/config.h"

namespace plumb {

/// One setting (settings(), the network among them) that two trainings do not have in common.
struct SettingChange {
  std::string key;  ///< "network", "lr"
  std::string before;
  std::string after;
  friend bool operator==(const SettingChange&, const SettingChange&) = default;
};

/// What has to be changed of `before` to have `after`, in the order of the manual.
std::vector<SettingChange> setting_changes(const TrainConfig& before, const TrainConfig& after);

/// Whether a change does anything at all. Nothing is changed where every setting is equal but for
///   network  another way to write the same layers (spaces, repeats, presets)
///   start    initialisers whose random entries have the same variance: he_normal at gain 1 and
///            lecun_normal at gain 1.414; uniform or normal (within 1 %, for square layers and for
///            layers that halve)
/// Errors  SpecError for a network that does not parse, or an initialiser that there is not.
bool is_no_op(const TrainConfig& before, const TrainConfig& after);

/// "plumb train 'flatten > dense 10' --lr 0.05": to be copied into a shell; settings that are the
/// default are left out.
std::string train_command(const TrainConfig& config);

/// The same as a file for --config.
std::string to_toml(const TrainConfig& config);

/// The training that a run file tells of. Nothing where its settings are not those of plumb's own
/// trainer (an attached run), or cannot be read.
std::optional<TrainConfig> config_of(const RunInfo& info);

}  // namespace plumb
