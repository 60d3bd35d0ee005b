// SPDX-License-Identifier: Apache-2.0
// Times whole training steps of `DEPTH x [dense WIDTH > tanh] > dense 10` with SGD and prints one
// JSON line:
//   step_bench DEPTH WIDTH BATCH THREADS MODE STEPS
// MODE: off      nothing measured
//       log      the default schedule, delivered to a run file
//       all      everything measured at every step, every 20th delivered to a run file
//       sgemm    no network: the best matrix-product rate of this machine for square matrices, in
//       GFLOP/s
// tools/bench_training.py runs it side by side with PyTorch.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/train/timing.h"
#include "plumb/kernels/fast/gemm.h"
#include "plumb/store/run_file.h"
#include "plumb/train/trainer.h"

namespace {

using namespace plumb;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Split random_data(std::int64_t samples, std::int64_t width) {
  Split split;
  split.train.name = "random";
  split.train.classes = 10;
  split.train.x = Tensor(Shape{samples, width}, DType::f32);
  const Rng rng(1, "bench");
  std::uint64_t index = 0;
  for (float& value : split.train.x.as<float>()) value = static_cast<float>(rng.normal(index++));
  for (std::int64_t i = 0; i < samples; ++i)
    split.train.labels.push_back(static_cast<std::int32_t>(i % 10));
  return split;
}

void print_sgemm_peak() {
  double best = 0;
  for (const std::int64_t n : {256, 512, 1024}) {
    const std::vector<float> a(static_cast<std::size_t>(n * n), 0.5f), b = a;
    std::vector<float> c(a.size());
    for (int repeat = 0; repeat < 30; ++repeat) {
      const auto start = Clock::now();
      fast::gemm(Transpose::no, Transpose::no, n, n, n, a.data(), n, b.data(), n, 0.0f, c.data(),
                 n);
      best = std::max(best, 2e-9 * static_cast<double>(n * n * n) / seconds_since(start));
    }
  }
  std::printf("{\"gflops\": %.2f}\n", best);
}

int run(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: step_bench DEPTH WIDTH BATCH THREADS off|log|all|sgemm STEPS\n");
    return 2;
  }
  const std::int64_t depth = std::atoll(argv[1]), width = std::atoll(argv[2]),
                     batch = std::atoll(argv[3]);
  const std::string mode = argv[5];
  if (mode == "sgemm") {
    print_sgemm_peak();
    return 0;
  }
  TrainConfig config;
  config.network =
      std::to_string(depth) + " x [dense " + std::to_string(width) + " > tanh] > dense 10";
  config.learning_rate = 0.01;
  config.batch = batch;
  config.threads = std::atoi(argv[4]);
  config.steps = std::atoll(argv[6]);
  config.record = mode == "all" ? "every=1" : mode;
  config.shuffle = false;
  const Split data = random_data(batch, width);
  Trainer trainer(config, data);
  std::optional<RunWriter> writer;
  const std::string name = "plumb-step-bench-" + std::to_string(::getpid()) + ".plumb";
  const std::string file = std::filesystem::temp_directory_path() / name;
  if (mode != "off") {
    writer.emplace(file);
    writer->begin(trainer.info());
  }
  std::vector<double> times;
  const auto begin = Clock::now();
  const double cpu_begin_s = thread_cpu_s();
  while (!trainer.done()) {
    const auto start = Clock::now();
    const StepRecord& record = trainer.step();
    if (writer && (mode == "log" || record.step % 20 == 0)) writer->add(record);
    times.push_back(seconds_since(start));
  }
  const double total = seconds_since(begin);
  const double cpu_s = thread_cpu_s() - cpu_begin_s;
  if (writer) {
    writer->close();
    std::remove(file.c_str());
  }
  const auto steps = static_cast<double>(times.size());
  std::printf(
      "{\"median_s\": %.9f, \"min_s\": %.9f, \"mean_s\": %.9f, \"mean_thread_cpu_s\": %.9f}\n",
      median(times), *std::min_element(times.begin(), times.end()), total / steps, cpu_s / steps);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "step_bench: %s\n", error.what());
    return 1;
  }
}
