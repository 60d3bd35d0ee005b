// SPDX-License-Identifier: Apache-2.0
// Prints the layers that a network string stands for, one a line.
#include "plumb/nn/spec/spec.h"

#include <cstdio>

int main() {
  const plumb::Spec spec = plumb::parse_spec("30 x [dense 128 > sigmoid] > dense 10");
  for (const auto& item : plumb::expand(spec)) std::puts(plumb::to_string(item).c_str());
}
