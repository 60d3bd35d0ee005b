// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/leaky_relu.h"

namespace plumb {

std::unique_ptr<Layer> make_leaky_relu(LayerRequest& request) {
  const double slope = request.arguments.number(0, "the slope").value_or(0.01);
  request.arguments.done();
  return std::make_unique<LeakyRelu>(slope);
}

}  // namespace plumb
