// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/core/error.h"
#include "tests/support/layer_builder.h"

namespace plumb::testing {

/// The message with which a layer made for one x refuses another (or refuses to be made).
inline std::string shape_error(const std::string& text, const Shape& made_for, const Shape& x,
                               const std::string& path = "block.3") {
  try {
    layer_from_text(text, made_for, DType::f32, 1, path)->output_shape(x);
  } catch (const ShapeError& error) {
    return error.what();
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace plumb::testing
