// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/record/run.h"

namespace plumb::test {

/// A sketch in plain loops, written apart from plumb/stats: the values as they are.
Sketch sketch_of(std::span<const double> values, int log2_scale = 0);

/// The sketch of `count` values with a given true log2 rms, which may lie far outside the range of
/// double: its whole part goes to log2_scale. -infinity gives zeros.
Sketch sketch_with_rms(double true_log2_rms, std::uint64_t count = 64);

/// The same with its first `nonfinite` values replaced by NaN.
Sketch with_nonfinite(Sketch sketch, std::uint64_t nonfinite);

/// The site of a layer's tensor; parameter roles are of the weight.
Site site_of(const std::string& path, Role role);

void put(StepRecord& step, const std::string& path, Role role, const Sketch& sketch);
/// Puts a sketch of the given true log2 rms, or replaces the one that is there.
void put_rms(StepRecord& step, const std::string& path, Role role, double true_log2_rms);

LayerInfo dense_info(const std::string& path, int depth, std::int64_t fan_in, std::int64_t units,
                     const std::string& parent = "");
/// max_derivative is 1/4 for a sigmoid and 1 for the others.
LayerInfo activation_info(const std::string& path, const std::string& kind, int depth,
                          std::int64_t units, const std::string& parent = "");

/// A chain of `layers` dense layers of `width`, each but the last followed by `kind`, with `steps`
/// measured steps in which every tensor has rms 1 (log2 0), every weight 1/sqrt(width), every
/// update 2^-7 of it, and every f' the rms sqrt(1/2) of a relu or 1 of the others. A healthy run to
/// spoil one thing in.
Run flat_run(int layers, std::int64_t width, const std::string& kind, int steps);

}  // namespace plumb::test
