// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plumb/core/layer_family.h"

namespace plumb {

/// One layer of the recorded network, in forward order, as every consumer of a run sees it.
struct LayerInfo {
  std::string path;  ///< "3"; inside a residual block "5.0"
  std::string kind;  ///< "dense", "sigmoid", "res"
  LayerFamily family = LayerFamily::linear;
  std::string text;         ///< as in the network language: "dense 128"
  std::string parent;       ///< path of the enclosing res, empty on the main chain
  int depth = 0;            ///< number of linear layers from the input up to and including this one
  std::int64_t units = 0;   ///< features per sample of its output
  std::int64_t fan_in = 0;  ///< of the weight; 0 without one
  std::int64_t fan_out = 0;     ///< outputs an input feeds on average; less where windows stride
  double max_derivative = 1.0;  ///< sup |f'| of an activation; 1 otherwise
};

}  // namespace plumb
