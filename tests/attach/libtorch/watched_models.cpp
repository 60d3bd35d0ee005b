// SPDX-License-Identifier: Apache-2.0
// `watched_models mlp|cnn RUN`: trains the model in double for a few steps under a watch.
#include <cstdio>
#include <string>

#include "plumb/attach/libtorch.h"
#include "tests/attach/libtorch/models.h"

using namespace plumb::test;

namespace {

template <class Model>
void train(Model& model, const torch::Tensor& x, const std::string& path) {
  model->to(torch::kDouble);
  fill(*model);
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  const torch::Tensor y = torch::arange(x.size(0), torch::kLong).remainder(5);
  plumb::attach::Libtorch watch(*model, optimizer, path, {.record = "every=1"});
  for (int step = 0; step < 6; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    watch.before_backward(loss);
    loss.backward();
    optimizer.step();
    watch.after_step();
  }
}

}  // namespace

int main(int count, char** arguments) {
  torch::set_num_threads(1);
  const std::string name = count == 3 ? arguments[1] : "";
  if (name == "mlp") {
    torch::nn::Sequential model = mlp();
    train(model, numbers({32, 12}, 99) * 2, arguments[2]);
  } else if (name == "cnn") {
    Cnn model;
    train(model, numbers({16, 3, 8, 8}, 99) * 2, arguments[2]);
  } else {
    std::fputs("usage: watched_models mlp|cnn RUN\n", stderr);
    return 2;
  }
  return 0;
}
