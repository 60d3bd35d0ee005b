// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plumb/record/run.h"
#include "plumb/theory/chain_profile.h"

namespace plumb {

/// What mean-field theory says of the linear layers of a run, one point each in the order of
/// flow_profile, from the sizes of weights and biases and two anchors of the measured step: the
/// length of the first pre-activation, and the gradients of the last layer.
///
/// Nothing where there is no theory: another layer than dense, an activation, flatten or identity;
/// more than one activation in a row; fewer than 3 dense layers; weights that are recorded with a
/// mean beyond 5 standard errors; a step other than 0, or parameters that were loaded (training and
/// loading end the independence that the theory lives on); an anchor that is zero, not finite or
/// not recorded.
std::optional<std::vector<theory::ProfilePoint>> predict_flow(const RunInfo& info,
                                                              const StepRecord& step);

/// For the first measured step of a run.
std::optional<std::vector<theory::ProfilePoint>> predict_flow(const Run& run);

}  // namespace plumb
