// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "plumb/train/trainer.h"

namespace plumb {

/// Writes where a training stands, as NPZ, whole or not at all:
///   <name>                         each parameter and running statistic, as save_weights() does, so that the
///                                  file is also one of weights
///   checkpoint/first/<parameter>   the optimiser's moments, where it has them (OptimiserState)
///   checkpoint/second/<parameter>
///   checkpoint/steps               [1], the steps made
///   checkpoint/settings            [bytes], the settings as TOML, a character an element
/// Everything else of a training (the order of the samples, dropout) follows from seed and step.
/// Errors  DataError as write_npz().
void save_checkpoint(Trainer& trainer, const std::string& path);

/// The settings that a checkpoint was made with, as TOML; nothing for a file of weights alone.
/// Errors  DataError as read_arrays().
std::optional<std::string> checkpoint_settings(const std::string& path);

/// Goes on where the checkpoint was made: the same bits as without the interruption, for the same
/// configuration. Another network or optimiser is refused; a longer training, another rate and
/// other threads are not.
/// Errors  DataError naming everything that does not fit; SpecError as Trainer::resume_at().
void resume(Trainer& trainer, const std::string& path);

/// The settings as a TOML file that makes the same training, a line each: what is empty is left
/// out.
std::string to_toml(const std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace plumb
