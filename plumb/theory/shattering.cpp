// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/shattering.h"

namespace plumb::theory {

PairDecay pair_decay(const CorrelationMap& map, double distance, int layers) {
  const double chi1 = map.slope(0);
  PairDecay result{{distance}, {1}};
  for (int layer = 0; layer < layers; ++layer) {
    const double d = result.distance.back();
    result.gradient.push_back(result.gradient.back() * map.slope(d) / chi1);
    result.distance.push_back(map.distance(d));
  }
  return result;
}

}  // namespace plumb::theory
