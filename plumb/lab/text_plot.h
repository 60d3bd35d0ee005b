// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/lab/result.h"

namespace plumb::lab {

/// A plot in text, as lines without line breaks, each at most `width` columns (60 at least).
///
/// Lines become marks on a grid, one letter a series with a legend below (later series are drawn
/// over earlier ones, dashed ones as dots first); bars become horizontal bars; a heat map becomes
/// digits 0 to 9. Values on a log axis are shown as powers of ten. What is not finite is left out.
std::vector<std::string> draw(const Plot& plot, int width, bool unicode);

/// A value of an axis as text: "0.25", on a log axis "2.5e-13".
std::string axis_value(const Axis& axis, double value);

}  // namespace plumb::lab
