// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plumb/cure/arm.h"

namespace plumb {

/// training_fails() of proof/protocol.h.
bool fails(const ArmTraining& training, double constant_score);

int failures_of(const Arm& untreated, double constant_score);
/// The place of the first that fails; 0 where none does.
std::size_t first_failure_of(const Arm& untreated, double constant_score);
/// The seeds of all, that of the first that fails in front: what candidates are screened with.
std::vector<std::uint64_t> screen_seeds_of(const Arm& untreated, double constant_score);

}  // namespace plumb
