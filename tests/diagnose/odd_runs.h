// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

/// A relu network of eight hidden layers in which the weights of some dense layers (0 is the first)
/// are multiplied.
inline plumb::Run run_with_odd(const std::vector<std::pair<std::size_t, double>>& factors,
                               const std::string& activation = "relu",
                               double gain = std::sqrt(2.0)) {
  MiniSpec spec;
  spec.activation = activation;
  spec.gain = gain;
  spec.depth = 8;
  spec.width = 48;
  MiniNet net(spec);
  for (const auto& [dense, factor] : factors) {
    for (double& weight : net.denses[dense].weight) weight *= factor;
  }
  plumb::Run run;
  std::vector<double> x;
  std::vector<int> labels;
  std::uint32_t draw = 1;
  for (int sample = 0; sample < spec.batch; ++sample) {
    for (int i = 0; i < spec.inputs; ++i) {
      draw = draw * 1103515245U + 12345U;
      x.push_back(static_cast<double>(draw >> 8) / (1 << 23) - 1);
    }
    labels.push_back(sample % spec.classes);
  }
  run.steps.push_back(net.step(x, labels));
  run.info = net.info();
  return run;
}

}  // namespace plumb::test
