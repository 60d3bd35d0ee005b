// SPDX-License-Identifier: Apache-2.0
// Vectors of one's own and a training loop of one's own, around a Network: learns XOR.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "plumb/core/parallel.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/optim/optimiser.h"

int main() {
  const std::vector<float> inputs{0, 0, 0, 1, 1, 0, 1, 1};
  const std::vector<std::int32_t> labels{0, 1, 1, 0};

  plumb::ThreadPool threads(1);
  const plumb::Context context{.pool = threads};
  plumb::Network network(plumb::parse_spec("dense 8 > tanh > dense 2"), plumb::Shape({2}),
                         {.seed = 7});
  network.plan(4);  // a batch of four
  std::ranges::copy(inputs, network.input().as<float>().begin());

  const auto loss = plumb::make_loss("cross_entropy");
  const auto adam = plumb::make_optimiser({.name = "adam"});
  double value = 0;
  for (int step = 0; step < 300; ++step) {
    network.zero_grad();
    const plumb::ConstView y = network.forward(context);
    value = loss->gradient(y, {.labels = labels, .values = {}}, network.output_gradient());
    network.backward(context);
    adam->step(network.params(), 0.05, 1, 0, threads, nullptr);
  }
  const double accuracy = plumb::accuracy(network.forward(context), labels);
  std::printf("loss %.4f, accuracy %.2f\n", value, accuracy);
  return accuracy == 1 ? 0 : 1;
}
