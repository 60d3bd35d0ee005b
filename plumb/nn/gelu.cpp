// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/gelu.h"

namespace plumb {

std::unique_ptr<Layer> make_gelu(LayerRequest& request) {
  const bool by_tanh = request.arguments.word("approximate", {"none", "tanh"}) == "tanh";
  request.arguments.done();
  if (by_tanh) return std::make_unique<GeluTanh>();
  return std::make_unique<Gelu>();
}

}  // namespace plumb
