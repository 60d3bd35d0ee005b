// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "plumb/nn/layer.h"
#include "plumb/nn/spec/arguments.h"

namespace plumb {

/// What a layer's factory gets: its arguments, the shape of the input (batch axis included, any
/// extent), the dtype and the seed (for layers that draw random numbers; `path` names their
/// stream).
struct LayerRequest {
  SpecArguments& arguments;
  Shape x;
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  std::string path;
};

/// Reads its arguments and builds the layer; what it does not read is an error of the network.
using LayerFactory = std::unique_ptr<Layer> (*)(LayerRequest& request);

}  // namespace plumb
