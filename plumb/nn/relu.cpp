// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/relu.h"

namespace plumb {

std::unique_ptr<Layer> make_relu(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Relu>();
}

}  // namespace plumb
