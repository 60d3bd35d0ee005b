// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb {

/// What a layer does to the gradient: decides the role of its output (linear: z, otherwise a) and
/// what the ledger books it under.
enum class LayerFamily : std::uint8_t {
  linear,
  activation,
  shape,
  dropout,
  residual,
  normalisation,
  pooling,
  recurrent,
  other  ///< an operation that is not taken apart
};
const char* to_string(LayerFamily family);

}  // namespace plumb
