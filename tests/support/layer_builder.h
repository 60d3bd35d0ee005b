// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "plumb/nn/graph/layer_table.h"

namespace plumb::testing {

/// The layer that the network language makes of `text` ("dense 3 bias=false") for an x of `shape`.
std::unique_ptr<Layer> layer_from_text(const std::string& text, const Shape& x, DType dtype,
                                       std::uint64_t seed = 1, const std::string& path = "layer");

}  // namespace plumb::testing
