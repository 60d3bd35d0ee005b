// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "plumb/nn/graph/layer_table.h"
#include "plumb/nn/init.h"

namespace plumb {

struct NetworkOptions {
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  InitScheme weight_init{};  ///< of the weights of linear layers
  InitScheme bias_init{};    ///< and of their biases; fixup leaves them at 0
  /// The caller's own layers, beside those of layer_table(). Their names are free of its names.
  std::vector<LayerEntry> own_layers{};
};

}  // namespace plumb
