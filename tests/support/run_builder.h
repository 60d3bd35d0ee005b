// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plumb/record/run.h"

namespace plumb::test {

/// A sketch in plain loops, written apart from plumb/stats: the values as they are.
Sketch sketch_of(std::span<const double> values, int log2_scale = 0);

/// The sketch of `count` values with a given true log2 rms, which may lie far outside the range of
/// double: its whole part goes to log2_scale. -infinity gives zeros.
Sketch sketch_with_rms(double true_log2_rms, std::uint64_t count = 64);

/// The same with its first `nonfinite` values replaced by NaN.
Sketch with_nonfinite(Sketch sketch, std::uint64_t nonfinite);

/// Gives a network of layers that lack edges the ones that the tests' paths say, and parameters:
/// "1.0", "1.1" ... are the branch of the residual layer "1", "1.proj" is its shortcut, "1.gate"
/// its gate; the rest is a chain. Puts the layer "input" in front, a block for every residual
/// layer, and a parameter "weight" for every linear one. Before any record is put.
void wire(RunInfo& info);

/// The layer with that path; of the parameter roles, its weight. -1 if there is none.
LayerId id_of(const RunInfo& info, std::string_view path);
Site site_of(const RunInfo& info, std::string_view path, Role role);

void put(const RunInfo& info, StepRecord& step, std::string_view path, Role role,
         const Sketch& sketch);
/// Puts a sketch of the given true log2 rms, or replaces the one that is there.
void put_rms(const RunInfo& info, StepRecord& step, std::string_view path, Role role,
             double true_log2_rms);

/// What came back to a residual block by its ways: log2 rms of both, the cosine between them; of a
/// highway also what came by the gate and what all three made together.
struct Ways {
  double branch = 0;
  double shortcut = 0;
  double cosine = 0;
  double gate = std::numeric_limits<double>::quiet_NaN();
  double sum = std::numeric_limits<double>::quiet_NaN();
};
/// Puts it at the tensor that the residual layer `path` reads.
void put_join(const RunInfo& info, StepRecord& step, std::string_view path, const Ways& ways);

/// Of the kinds that tests use; absent for others.
std::optional<ActivationTraits> traits_of(const std::string& kind);
LayerInfo dense_info(const std::string& path, int depth, std::int64_t fan_in, std::int64_t units);
LayerInfo activation_info(const std::string& path, const std::string& kind, int depth,
                          std::int64_t units);
LayerInfo residual_info(const std::string& path, int depth, std::int64_t units,
                        const std::string& kind = "res");

/// A chain of `layers` dense layers of `width`, each but the last followed by `kind`, with `steps`
/// measured steps in which every tensor has rms 1 (log2 0), every weight 1/sqrt(width), every
/// update 2^-7 of it, and every f' the rms sqrt(1/2) of a relu or 1 of the others. A healthy run to
/// spoil one thing in.
Run flat_run(int layers, std::int64_t width, const std::string& kind, int steps);

}  // namespace plumb::test
