// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/layer_family.h"

namespace plumb {

const char* to_string(LayerFamily family) {
  switch (family) {
    case LayerFamily::linear: return "linear";
    case LayerFamily::activation: return "activation";
    case LayerFamily::shape: return "shape";
    case LayerFamily::dropout: return "dropout";
    case LayerFamily::residual: return "residual";
    case LayerFamily::normalisation: return "normalisation";
    case LayerFamily::pooling: return "pooling";
    case LayerFamily::recurrent: return "recurrent";
    case LayerFamily::other: return "other";
  }
  return "unknown";
}

}  // namespace plumb
