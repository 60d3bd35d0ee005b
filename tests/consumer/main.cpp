// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/rng.h"
#include "plumb/core/shape.h"

int main() {
  const plumb::Rng rng(7, "consumer");
  const plumb::Shape shape({2, 3});
  return shape.size() == 6 && rng.uniform(0) < 1.0 ? 0 : 1;
}
