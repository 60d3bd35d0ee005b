// SPDX-License-Identifier: Apache-2.0
// Small models, each with a batch, whose numbers follow from their places alone: Python's tests
// make the same ones (same_as_python.py).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

namespace plumb::test {

/// ((7919 i + 104729 seed) mod 1009) / 1009 - 0.5, exact in double up to the division.
inline torch::Tensor numbers(torch::IntArrayRef sizes, std::int64_t seed) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  const torch::Tensor place = torch::arange(count, torch::kLong);
  return ((place * 7919 + 104729 * seed).remainder(1009).to(torch::kDouble) / 1009 - 0.5)
      .reshape(sizes);
}

/// Weights of that kind, scaled to keep a signal's size about as it is; vectors as they are.
inline void fill(torch::nn::Module& model) {
  const torch::NoGradGuard no_grad;
  std::int64_t seed = 1;
  for (const auto& one : model.named_parameters()) {
    torch::Tensor param = one.value();
    const torch::Tensor values = numbers(param.sizes(), seed++);
    if (param.dim() < 2) {
      param.copy_(values * 0.5 + (one.key().find("bn") != std::string::npos ? 1.0 : 0.0));
    } else {
      const double fan_in = static_cast<double>(param.numel() / param.size(0));
      param.copy_(values * std::sqrt(24.0 / fan_in));
    }
  }
}

inline torch::nn::Sequential mlp(bool in_place = true) {
  using namespace torch::nn;
  return Sequential(Linear(12, 16), ReLU(ReLUOptions(in_place)), Linear(16, 16), Tanh(),
                    Linear(16, 16), ReLU(), Linear(16, 5));
}

struct BlockImpl : torch::nn::Module {
  torch::nn::Conv2d conv1, conv2;
  torch::nn::BatchNorm2d bn1, bn2;
  explicit BlockImpl(std::int64_t width)
      : conv1(torch::nn::Conv2dOptions(width, width, 3).padding(1).bias(false)),
        conv2(torch::nn::Conv2dOptions(width, width, 3).padding(1).bias(false)),
        bn1(width),
        bn2(width) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = bn2(conv2(torch::relu(bn1(conv1(x)))));
    return torch::relu(y + x);
  }
};
TORCH_MODULE(Block);

struct CnnImpl : torch::nn::Module {
  torch::nn::Conv2d stem;
  Block block1, block2;
  torch::nn::Linear head;
  CnnImpl() : stem(torch::nn::Conv2dOptions(3, 8, 3).padding(1)), block1(8), block2(8), head(8, 5) {
    register_module("stem", stem);
    register_module("block1", block1);
    register_module("block2", block2);
    register_module("head", head);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return head(block2(block1(torch::relu(stem(x)))).mean({2, 3}));
  }
};
TORCH_MODULE(Cnn);

}  // namespace plumb::test
