// SPDX-License-Identifier: Apache-2.0
// Times whole training steps of any network on images, with momentum, and prints one JSON line:
//   network_bench NETWORK CHANNELSxHEIGHTxWIDTH BATCH THREADS STEPS
// The memory is the largest resident size while training above that before the network was built,
// beside the sum of what a step cannot do without: activations, parameters, gradients and momentum.
// tools/bench_images.py runs it side by side with PyTorch.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bench/train/timing.h"
#include "plumb/train/trainer.h"

namespace {

using namespace plumb;

/// A line of /proc/self/status, in bytes: "VmHWM" is the largest resident size, "VmRSS" today's.
double status_bytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return 1024.0 * std::atof(line.c_str() + key.size() + 1);
  }
  return 0;
}

Split random_images(std::int64_t samples, const Shape& row) {
  Split split;
  split.train.name = "random";
  split.train.classes = 10;
  split.train.x = Tensor(Shape{samples, row[0], row[1], row[2]}, DType::f32);
  const Rng rng(1, "bench");
  std::uint64_t index = 0;
  for (float& value : split.train.x.as<float>()) value = static_cast<float>(rng.normal(index++));
  for (std::int64_t i = 0; i < samples; ++i) {
    split.train.labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  return split;
}

double needed_bytes(const Network& network) {
  double elements = static_cast<double>(network.input_view().shape.size());
  network.visit([&](const Node& node) { elements += static_cast<double>(node.y.size()); });
  for (const Param* param : network.params()) {
    elements += 3 * static_cast<double>(param->value.size());  // itself, gradient, momentum
  }
  return 4 * elements;
}

int run(int argc, char** argv) {
  long channels = 0, height = 0, width = 0;
  if (argc != 6 || std::sscanf(argv[2], "%ldx%ldx%ld", &channels, &height, &width) != 3) {
    std::fprintf(stderr,
                 "usage: network_bench NETWORK CHANNELSxHEIGHTxWIDTH BATCH THREADS STEPS\n");
    return 2;
  }
  TrainConfig config;
  config.network = argv[1];
  config.optimiser.momentum = 0.9;
  config.learning_rate = 0.01;
  config.batch = std::atoll(argv[3]);
  config.threads = std::atoi(argv[4]);
  config.steps = std::atoll(argv[5]);
  config.record = "off";
  config.shuffle = false;
  const Split data = random_images(config.batch, {channels, height, width});
  const double before = status_bytes("VmRSS");
  Trainer trainer(config, data);
  std::vector<double> times, cpu_times;
  while (!trainer.done()) {
    const double cpu_start = thread_cpu_s();
    times.push_back(seconds_of([&] { trainer.step(); }));
    cpu_times.push_back(thread_cpu_s() - cpu_start);
  }
  std::printf(
      "{\"median_s\": %.9f, \"min_s\": %.9f, \"median_thread_cpu_s\": %.9f, \"min_thread_cpu_s\": "
      "%.9f, \"peak_bytes\": %.0f, \"needed_bytes\": %.0f}\n",
      median(times), *std::min_element(times.begin(), times.end()), median(cpu_times),
      *std::min_element(cpu_times.begin(), cpu_times.end()), status_bytes("VmHWM") - before,
      needed_bytes(trainer.network()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "network_bench: %s\n", error.what());
    return 1;
  }
}
