// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/softsign.h"

namespace plumb {

std::unique_ptr<Layer> make_softsign(LayerRequest& request) {
  request.arguments.done();
  return std::make_unique<Softsign>();
}

}  // namespace plumb
