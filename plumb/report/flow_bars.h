// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plumb/flow/ledger.h"

namespace plumb {

struct BarOptions {
  int width = 0;        ///< columns; 0 is one for each layer
  bool unicode = true;  ///< block elements U+2581..U+2588; else the digits 1..8
  double decades = 12;  ///< what the lowest bar stands for: this many powers of ten below the top
};

/// The live view in one line: one bar for each linear layer, the input side first.
///
/// A full bar is the flow gradient of the last layer or more; each eighth less is `decades`/7
/// powers of ten less, so two lines of one training are comparable at sight. A layer without a
/// gradient (exactly zero) is a '_' and one that is not a number is a '!'. More layers than
/// columns: a column shows the smallest gradient it covers, for a starved layer must not vanish
/// from the picture as well. Empty profile: empty string.
std::string render_flow_bars(const std::vector<FlowPoint>& profile, const BarOptions& options = {});

/// A horizontal bar of `fraction` (0..1) of `width` columns, padded with spaces: eighths of a block
/// in unicode, '#' in ASCII. A fraction that is positive but too small for one column shows the
/// thinnest mark.
std::string horizontal_bar(double fraction, int width, bool unicode);

}  // namespace plumb
