// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/elu.h"

namespace plumb {

std::unique_ptr<Layer> make_elu(LayerRequest& request) {
  const double alpha = request.arguments.number(0, "alpha").value_or(1.0);
  request.arguments.done();
  return std::make_unique<Elu>(alpha);
}

}  // namespace plumb
