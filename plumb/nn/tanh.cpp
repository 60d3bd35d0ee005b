// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/tanh.h"

namespace plumb {

std::unique_ptr<Layer> make_tanh(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Tanh>();
}

}  // namespace plumb
