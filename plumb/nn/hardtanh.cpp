// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/hardtanh.h"

namespace plumb {

std::unique_ptr<Layer> make_hardtanh(LayerRequest& request) {
  const std::optional<double> low = request.arguments.number(0, "the minimum");
  const std::optional<double> high = request.arguments.number(1, "the maximum");
  if (low.has_value() != high.has_value()) {
    request.arguments.fail("one limit given, expected none or both: hardtanh MIN MAX");
  }
  if (low && !(*low < *high)) {
    request.arguments.fail("the minimum is not below the maximum, expected MIN < MAX");
  }
  request.arguments.done();
  return std::make_unique<Hardtanh>(low.value_or(-1.0), high.value_or(1.0));
}

}  // namespace plumb
