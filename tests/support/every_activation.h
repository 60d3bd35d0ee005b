// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/kernels/activations/from_text.h"
#include "plumb/kernels/activations/table.h"

namespace plumb::testing {

/// Calls body(text, definition) for every example of every row of the table.
template <class Body>
void for_every_activation(const Body& body) {
  for (const ActivationRow& row : activation_table()) {
    for (const std::string_view text : row.examples) {
      body(std::string(text), activation_from_text(text));
    }
  }
}

}  // namespace plumb::testing
