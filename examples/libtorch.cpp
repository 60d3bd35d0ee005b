// SPDX-License-Identifier: Apache-2.0
// A training of libtorch's that learns nothing, watched: built where PLUMB_LIBTORCH is on.
#include <torch/torch.h>

#include <cstdio>

#include "plumb/attach/libtorch.h"

int main() {
  torch::manual_seed(1);
  torch::nn::Sequential model;
  for (int layer = 0; layer < 16; ++layer) {
    model->push_back(torch::nn::Linear(32, 32));
    model->push_back(torch::nn::Sigmoid());
  }
  model->push_back(torch::nn::Linear(32, 10));
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  const torch::Tensor x = torch::randn({64, 32}), y = torch::randint(10, {64});

  plumb::attach::Libtorch watch(*model, optimizer, "libtorch.plumb");
  for (int step = 0; step < 30; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    watch.before_backward(loss);  // the one line
    loss.backward();
    optimizer.step();
    watch.after_step();  // optional: without it the next pass finds out
  }
  watch.close();
  std::puts(watch.verdict().c_str());
  return watch.diagnosis().findings().empty() ? 1 : 0;  // the gradient vanishes
}
