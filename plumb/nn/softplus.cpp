// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/softplus.h"

namespace plumb {

std::unique_ptr<Layer> make_softplus(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Softplus>();
}

}  // namespace plumb
