// SPDX-License-Identifier: Apache-2.0
// Asks theory, before anything is built: how deep may a chain of an activation be? Needs
// plumb::waist alone.
#include <cstdio>

#include "plumb/theory/activation_function.h"
#include "plumb/theory/mean_field.h"

int main() {
  namespace theory = plumb::theory;
  const theory::InitScale he{.weight_std = 1.4142135623730951, .bias_std = 0};
  bool fine = true;
  for (const char* name : {"relu", "tanh", "gelu", "sigmoid"}) {
    const theory::MomentGrid grid(theory::make_activation(name));
    const theory::MeanField field = theory::analyse(grid, he);
    // Negative where it grows.
    std::printf("%-8s %-9s chi1 %.4f, %+.3g layers an e-fold of the gradient\n", name,
                to_string(field.phase), field.reached.chi1, 2 * field.xi_grad);
    fine = fine && (*name != 'r' || field.phase == theory::Phase::critical);
  }
  return fine ? 0 : 1;  // He initialisation is made for relu
}
