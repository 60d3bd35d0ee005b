// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plumb/cure/sweep.h"
#include "plumb/theory/mean_field.h"

namespace plumb {

/// What mean-field theory says of a chain with the network's usual activation, at the variances
/// that its initialisers give to a weight times the width, and to a bias (of the width of the first
/// linear layer). Nothing without an activation that theory knows, or for initialisers that are not
/// random.
std::optional<theory::MeanField> mean_field_of(const TrainConfig& config);

/// A map of a sweep as a page of its own, HTML with one SVG picture: a cell for each pair of values
/// of the first two axes, in their order, coloured by the mean score over the seeds and all other
/// axes, from the least to the largest of the map; a cell that was not trained is empty. Each cell
/// says its numbers.
/// Where one of the two axes is the number of layers (`{NAME} x [...]` in the network; whole
/// numbers, ascending), a line is drawn over it at the depth that theory says still trains,
/// MeanField::trainable_depth (6 xi_c), for each value of the other axis; where that is not known
/// or infinite, there is none.
/// Errors  SpecError for a sweep of less than two axes.
std::string sweep_map(const TrainConfig& base, const std::vector<SweepAxis>& axes,
                      const std::vector<SweepPoint>& points);

}  // namespace plumb
