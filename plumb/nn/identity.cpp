// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/identity.h"

namespace plumb {

std::unique_ptr<Layer> make_identity(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Identity>();
}

}  // namespace plumb
