// SPDX-License-Identifier: Apache-2.0
// A training loop of one's own, watched: every ten steps, how much of the gradient arrives.
#include <cstdio>

#include "plumb/data/dataset.h"
#include "plumb/nn/loss.h"
#include "plumb/optim/optimiser.h"
#include "plumb/train/network_monitor.h"

int main() {
  const plumb::Dataset data = plumb::load_dataset("teacher?n=640&in=8&classes=3", 1);
  plumb::Network network(plumb::parse_spec("16 x [dense 32 > sigmoid] > dense 3"),
                         data.x.shape().row_shape(), {.seed = 1});
  network.plan(32);
  plumb::ThreadPool threads(1);
  plumb::BatchIterator batches(data, 32, true, 1);
  const auto loss = plumb::make_loss("cross_entropy");
  const auto sgd = plumb::make_optimiser({.name = "sgd"});
  std::vector<std::int32_t> labels;

  plumb::NetworkMonitor monitor(network, {.record = "every=10"});
  for (int i = 0; i < 40; ++i) {
    auto step = monitor.step(i);  // its observers are null where the step is not due
    const plumb::Context context{plumb::Mode::train, 0, threads, step.time()};
    batches.fill(i / 20, i % 20, network.input(), labels, {});
    network.zero_grad();
    const plumb::ConstView y = network.forward(context, step.pass());
    step.loss(loss->gradient(y, {labels, {}}, network.output_gradient()));
    network.backward(context, step.pass());
    sgd->step(network.params(), 0.1, 1, 0, threads, step.update());
    step.end();
    if (const auto reach = monitor.reach(); step && reach) {
      std::printf("step %2d: 2^%.1f of the gradient arrives, over %d layers\n", i, reach->log2,
                  reach->linear_layers);
    }
  }
  return monitor.findings().empty() ? 1 : 0;  // this network is sick, and plumb must say so
}
