// SPDX-License-Identifier: Apache-2.0
// What watching a training of libtorch's costs, everything at every step: the median of the paired
// ratios of a thread's processor time, plain and watched steps in turns, one thread.
//
//   cmake --preset release -DPLUMB_BENCH=ON -DPLUMB_LIBTORCH=ON;
//   build/release/bench/attach/libtorch_cost [ROUNDS]
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "plumb/attach/libtorch.h"

namespace {

double now_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

torch::nn::Sequential mlp() {
  torch::nn::Sequential model;
  for (int i = 0; i < 50; ++i) {
    model->push_back(torch::nn::Linear(128, 128));
    model->push_back(torch::nn::ReLU());
  }
  model->push_back(torch::nn::Linear(128, 10));
  return model;
}

torch::nn::Sequential vgg() {
  torch::nn::Sequential model;
  std::int64_t channels = 3;
  for (const std::int64_t width : {32, 32, 64, 64, 128, 128}) {
    model->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, width, 3).padding(1)));
    model->push_back(torch::nn::BatchNorm2d(width));
    model->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
    channels = width;
  }
  model->push_back(torch::nn::AdaptiveAvgPool2d(1));
  model->push_back(torch::nn::Flatten());
  model->push_back(torch::nn::Linear(channels, 10));
  return model;
}

struct Training {
  torch::nn::Sequential model;
  torch::optim::SGD optimizer;
  std::unique_ptr<plumb::attach::Libtorch> watch;

  Training(torch::nn::Sequential of, const std::string& record, const std::string& run)
      : model(of), optimizer(model->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9)) {
    if (record.empty()) return;
    watch = std::make_unique<plumb::attach::Libtorch>(
        *model, optimizer, run, plumb::attach::LibtorchOptions{.record = record});
  }
  double step(const torch::Tensor& x, const torch::Tensor& y) {
    const double begin = now_s();
    optimizer.zero_grad();
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    if (watch) watch->before_backward(loss);
    loss.backward();
    optimizer.step();
    if (watch) watch->after_step();
    return now_s() - begin;
  }
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void measure(const char* name, torch::nn::Sequential (*make)(), const torch::Tensor& x,
             int rounds) {
  const std::string run = (std::filesystem::temp_directory_path() / "libtorch_cost.plumb").string();
  const torch::Tensor y = torch::randint(10, {x.size(0)});
  for (const std::string record : {"every=1", "log"}) {
    Training plain(make(), "", ""), watched(make(), record, run);
    std::vector<double> ratios, plain_s;
    for (int i = -5; i < rounds; ++i) {
      const bool plain_first = i % 2 == 0;
      double a = plain_first ? plain.step(x, y) : 0;
      const double b = watched.step(x, y);
      if (!plain_first) a = plain.step(x, y);
      if (i < 0) continue;
      ratios.push_back(b / a);
      plain_s.push_back(a);
    }
    std::printf("%-8s record=%-8s %.3f of a plain step (%.2f ms)\n", name, record.c_str(),
                median(ratios), 1e3 * median(plain_s));
  }
  std::filesystem::remove(run);
}

}  // namespace

int main(int count, char** arguments) {
  torch::set_num_threads(1);
  torch::manual_seed(0);
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 60;
  measure("mlp", &mlp, torch::randn({128, 128}), rounds);
  measure("vgg", &vgg, torch::randn({8, 3, 32, 32}), rounds);
}
