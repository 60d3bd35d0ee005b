// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/nn/layer.h"

namespace plumb {

struct GradientCheckOptions {
  double step = 1e-4;          ///< h = step * max(1, |value|)
  bool full_jacobian = false;  ///< every output alone; otherwise one random mix of all outputs
  std::uint64_t seed = 7;      ///< of the mix and of the direction
  Mode mode = Mode::train;
};

/// The worst disagreement between a layer's backward and central differences.
struct GradientReport {
  std::string tensor;             ///< "x" or the name of a parameter
  std::int64_t index = 0;         ///< element of that tensor
  double analytic = 0;            ///< what backward says
  double numeric = 0;             ///< what central differences say
  double max_relative_error = 0;  ///< infinite if anything was not finite
  double product_error = 0;       ///< relative difference of v^T (J u) and (J^T v)^T u
  std::int64_t derivatives = 0;   ///< how many were compared
  GradientCheckOptions options;

  bool within(double limit) const { return max_relative_error <= limit && product_error <= limit; }
};

/// "weight[17]: analytic 0.8123, numeric 0.4061, relative error 0.5; v^T J u off by 2e-10 (...)".
std::string to_string(const GradientReport& report);

/// Compares backward with central differences for x and every parameter, in double, through the
/// scalar v^T y: derivative by derivative, and along a random direction u of all of them at once.
///
///   numeric = (4 D(h) - D(2h)) / 3,  D(h) = (v^T y(t + h) - v^T y(t - h)) / 2h
///   error = |analytic - numeric| / scale
///
/// Units   scale is the larger of the two values and of the largest derivative by the same tensor, so
///         that an entry that is 0 but for rounding counts as 0; at least 1e-5 sum |v y|. A right
///         layer stays below 1e-7; a kink closer than 2h to an input does not, so move inputs away.
///         The parameters' gradients are overwritten; their values are left as they were.
/// Errors  std::logic_error unless layer and x are double.
/// Threads Runs on the calling thread.
GradientReport check_gradient(Layer& layer, ConstView x, const GradientCheckOptions& options = {});

}  // namespace plumb
