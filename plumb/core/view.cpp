// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/view.h"

namespace plumb::detail {

void refuse_dtype(DType given, DType asked) {
  const auto name = [](DType dtype) { return dtype == DType::f32 ? "float" : "double"; };
  throw UsageError(std::string("View::as<") + name(asked) + "> of values that are " + name(given) +
                   ": ask for as<" + name(given) + ">, or let dispatch() choose");
}

}  // namespace plumb::detail
