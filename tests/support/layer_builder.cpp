// SPDX-License-Identifier: Apache-2.0
#include "tests/support/layer_builder.h"

namespace plumb::testing {

std::unique_ptr<Layer> layer_from_text(const std::string& text, const Shape& x, DType dtype,
                                       std::uint64_t seed, const std::string& path) {
  const Spec spec = parse_spec(text);
  return make_layer(spec.text, spec.items.at(0), x, dtype, seed, path);
}

}  // namespace plumb::testing
