// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/silu.h"

namespace plumb {

std::unique_ptr<Layer> make_silu(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Silu>();
}

}  // namespace plumb
