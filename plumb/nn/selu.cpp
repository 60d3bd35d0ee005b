// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/selu.h"

namespace plumb {

std::unique_ptr<Layer> make_selu(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Selu>();
}

}  // namespace plumb
