// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Units of a relu layer, or of a plain recurrence with relu (ActivationTraits::can_die,
/// and not bounded on both sides) that
///            are silent for every sample, so that no gradient passes them.
/// Measured   Units (of images: channels, at all positions) with f'(z) = 0 in all samples of the
///            window (ActivationRecord::dead_units),
///            never zero entries of one tensor: half of the entries of a healthy relu are zero.
/// Threshold  (a) More than chance: a unit with weights of random sign is silent with probability
///            at most 1/2, however alike the samples look (deep relu nets make them alike), so a
///            healthy layer of n units has at most Binomial(n, 1/2) silent ones; the limit is four
///            standard deviations above its mean, 1/2 + 2/sqrt(n), and at most all units.
///            (b) Died in training: the layer's silent fraction rose by 0.3 since the first
///            measured step, and by more than four standard deviations of the difference of two
///            such chances, 4 sqrt(1/(2n)). Derivation and calibration: docs/rules/dead_units.md.
///            Critical from 0.9 on: less than a tenth of the layer carries anything, and the rest of
///            the network sees a layer of that width. Our choice: docs/rules/dead_units.md.
/// False alarms  Narrow layers (n <= 16) are judged only when all of their units are dead.
/// Advice     By when it began: the initialisation and the bias, or the learning rate.
void check_dead_units(const RunView& view, std::vector<Finding>& findings);

inline constexpr double kDeadCriticalFraction = 0.9;

/// Four standard deviations above the mean of a Binomial(units, 1/2), as a fraction; at most 1.
double dead_fraction_limit(std::int64_t units);

/// The rise that counts as dying: 0.3, or more in narrow layers.
double died_fraction_limit(std::int64_t units);

}  // namespace plumb
