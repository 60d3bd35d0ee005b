// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/theory/critical.h"
#include "plumb/theory/mean_field.h"
#include "plumb/theory/phase_diagram.h"

namespace plumb::cli {

/// A chain of finite depth and width from the start. Growths are of the norm of the gradient, in
/// log10, from the last layer to the first.
struct DepthAnswer {
  int depth = 0;
  std::int64_t width = 0;
  double length = 0;           ///< q behind the last layer
  double log10_mean = 0;       ///< root of the mean of the square over networks
  double log10_typical = 0;    ///< of a typical network of this width
  double residual_length = 0;  ///< of x + f(W x + b), as many blocks
  double log10_residual = 0;
};

/// Everything that `plumb theory` has to say.
struct TheoryAnswer {
  std::string activation;
  theory::InitScale scale;
  double start = 1;
  std::optional<theory::MeanField> chain;        ///< with a weight scale
  std::vector<theory::FixedPoint> fixed_points;  ///< likewise
  std::vector<theory::CriticalPoint> critical;   ///< at this bias scale
  std::optional<theory::PhaseDiagram> diagram;
  std::optional<DepthAnswer> depth;
  std::optional<double> batch_norm;  ///< growth of the norm of the gradient per layer
  std::optional<double> gate_bias;
};

/// For people, wrapped to `width` (80 at least). `unicode` allows block characters in the diagram.
std::string theory_text(const TheoryAnswer& answer, bool unicode, int width);

/// The diagram as a picture (SVG); it must have been computed.
std::string theory_svg(const TheoryAnswer& answer);

/// For programs; docs/theory.md has the schema. Numbers that are not finite are null, or "inf" and
/// "-inf" in the members that can be so.
std::string theory_json(const TheoryAnswer& answer);

}  // namespace plumb::cli
