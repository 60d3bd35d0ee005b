// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/core/error.h"

namespace plumb {

/// What a SpecError of f() says; "no error" when there is none.
template <class F>
std::string spec_error(F&& f) {
  try {
    f();
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace plumb
