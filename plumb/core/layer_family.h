// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

/// What a layer does to the gradient: decides the role of its output (linear: z, otherwise a) and
/// what the ledger books it under.
enum class LayerFamily : std::uint8_t {
  input,  ///< where data enters: has an output, and no input
  linear,
  activation,
  shape,
  dropout,
  residual,  ///< the sum of a shortcut and of what stands beside it
  join,      ///< any other layer that brings several tensors together: a concatenation, a product
  normalisation,
  pooling,
  recurrent,
  attention,  ///< scaled dot products of queries and keys, and their mixture of values
  embedding,
  other  ///< not taken apart
};
std::string_view to_string(LayerFamily family);  ///< "linear"; stable, stored
std::optional<LayerFamily> parse_layer_family(std::string_view text);

}  // namespace plumb
