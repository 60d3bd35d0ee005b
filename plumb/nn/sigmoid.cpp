// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/sigmoid.h"

namespace plumb {

std::unique_ptr<Layer> make_sigmoid(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Sigmoid>();
}

}  // namespace plumb
