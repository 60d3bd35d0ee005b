// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/theory/correlation_map.h"

namespace plumb::theory {

/// How alike two inputs and the gradients with respect to them are, over depth.
struct PairDecay {
  std::vector<double>
      distance;  ///< 1 - correlation of the signals behind l layers; [0] is the start
  std::vector<double> gradient;  ///< correlation of the gradients that come back through l layers
};

/// The gradients of two inputs whose correlation starts at 1 - distance share prod_l C'(c_l) / chi1
/// through `layers` layers: shattering. For relu with variance 2 / fan_in each factor is
/// 1 - arccos(c_l) / pi and the product falls as depth^-3, not as the 2^-depth that independent
/// gates would give, because the signals become alike.
/// Source  Balduzzi et al. 2017, arXiv:1702.08591 (there with independent gates); the correlation map
///         of the gates is that of Poole et al. 2016.
PairDecay pair_decay(const CorrelationMap& map, double distance, int layers);

}  // namespace plumb::theory
