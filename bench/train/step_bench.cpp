// SPDX-License-Identifier: Apache-2.0
// Times whole training steps of `DEPTH x [dense WIDTH > tanh] > dense 10` with SGD and prints one
// JSON line:
//   step_bench DEPTH WIDTH BATCH THREADS MODE STEPS
// MODE: off      nothing measured
//       log      the default schedule, delivered to a run file
//       all      everything measured at every step, every 20th delivered to a run file
//       cost     "off" and "all" taking turns, STEPS each; their ratio
//       default  "off" and "log" taking turns, STEPS each from the first on; the ratio of their
//       sums threads  "off" with one thread and with THREADS taking turns, STEPS each; their ratio
//       share    "off" and the best square matrix product taking turns; the share of the product's
//                rate that a step's products of WIDTH columns come to
// tools/bench_training.py runs it side by side with PyTorch.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "bench/train/side_by_side.h"
#include "bench/train/timing.h"
#include "plumb/kernels/fast/gemm.h"
#include "plumb/store/run_file.h"
#include "plumb/train/trainer.h"

namespace {

using namespace plumb;

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

/// A training in one of the modes, with its run file where it has one.
class Training {
 public:
  Training(TrainConfig config, const Split& data, const std::string& mode)
      : stores_all_(mode == "log") {
    config.record = mode == "all" ? "every=1" : mode;
    trainer_.emplace(config, data);
    if (mode == "off") return;
    const std::string name = "plumb-step-bench-" + std::to_string(::getpid()) + ".plumb";
    file_ = std::filesystem::temp_directory_path() / name;
    writer_.emplace(file_);
    writer_->begin(trainer_->info());
  }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;
  ~Training() {
    writer_.reset();
    if (!file_.empty()) std::remove(file_.c_str());
  }

  void step() {
    const StepRecord& record = trainer_->step();
    if (writer_ && (stores_all_ || record.step % 20 == 0)) writer_->add(record);
  }

 private:
  bool stores_all_;
  std::optional<Trainer> trainer_;
  std::string file_;
  std::optional<RunWriter> writer_;
};

/// Square matrices of one size and the rate of their product.
class SquareProduct {
 public:
  explicit SquareProduct(std::int64_t n)
      : n_(n), a_(static_cast<std::size_t>(n * n), 0.5f), c_(a_.size()) {}
  /// The best of a few, in GFLOP/s.
  double best_gflops(int repeats) {
    double best = 0;
    for (int i = 0; i < repeats; ++i) {
      const double time_s = seconds_of([&] {
        fast::gemm(Transpose::no, Transpose::no, n_, n_, n_, a_.data(), n_, a_.data(), n_, 0.0f,
                   c_.data(), n_);
      });
      best = std::max(best, 2e-9 * static_cast<double>(n_ * n_ * n_) / time_s);
    }
    return best;
  }

 private:
  std::int64_t n_;
  std::vector<float> a_, c_;
};

/// What a step reaches of the rate of the best product, the two taking turns.
void print_share(Training& training, double gflop, long steps) {
  std::vector<SquareProduct> products;
  for (const std::int64_t n : {256, 512, 1024}) products.emplace_back(n);
  const auto best = std::max_element(
      products.begin(), products.end(),
      [](SquareProduct& a, SquareProduct& b) { return a.best_gflops(20) < b.best_gflops(20); });
  std::vector<double> rates, shares, peaks;
  for (long i = 0; i < steps; ++i) {
    const double rate = gflop / seconds_of([&] { training.step(); });
    peaks.push_back(best->best_gflops(8));
    rates.push_back(rate);
    shares.push_back(rate / peaks.back());
  }
  std::printf(
      "{\"share\": %.4f, \"gflops\": %.2f, \"peak_gflops\": %.2f, \"best_gflops\": %.2f, "
      "\"best_peak_gflops\": %.2f}\n",
      median(shares), median(rates), median(peaks), *std::max_element(rates.begin(), rates.end()),
      *std::max_element(peaks.begin(), peaks.end()));
}

int run(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: step_bench DEPTH WIDTH BATCH THREADS "
                 "off|log|all|cost|default|threads|share STEPS\n");
    return 2;
  }
  const std::int64_t depth = std::atoll(argv[1]), width = std::atoll(argv[2]),
                     batch = std::atoll(argv[3]);
  const std::string mode = argv[5];
  TrainConfig config;
  config.network =
      std::to_string(depth) + " x [dense " + std::to_string(width) + " > tanh] > dense 10";
  config.learning_rate = 0.01;
  config.batch = batch;
  config.threads = std::atoi(argv[4]);
  config.shuffle = false;
  const long steps = std::atol(argv[6]);
  const Split data = random_data(batch, width);
  if (mode == "cost") {
    config.steps = std::numeric_limits<std::int64_t>::max();
    Training off(config, data, "off"), all(config, data, "all");
    print(side_by_side([&] { off.step(); }, [&] { all.step(); }, steps));
    return 0;
  }
  if (mode == "default") {
    config.steps = steps;
    Training off(config, data, "off"), log(config, data, "log");
    print(totals_side_by_side([&] { off.step(); }, [&] { log.step(); }, steps));
    return 0;
  }
  if (mode == "threads") {
    config.steps = std::numeric_limits<std::int64_t>::max();
    Training many(config, data, "off");
    config.threads = 1;
    Training one(config, data, "off");
    print(side_by_side([&] { one.step(); }, [&] { many.step(); }, steps));
    return 0;
  }
  if (mode == "share") {
    config.steps = std::numeric_limits<std::int64_t>::max();
    Training training(config, data, "off");
    // y, grad_weight and, but for the first layer, grad_x.
    const auto products = static_cast<double>(3 * depth - 1);
    print_share(training, 2e-9 * products * static_cast<double>(batch * width * width), steps);
    return 0;
  }
  config.steps = steps;
  Training training(config, data, mode);
  std::vector<double> times;
  const double total_s = seconds_of([&] {
    for (long i = 0; i < steps; ++i) times.push_back(seconds_of([&] { training.step(); }));
  });
  std::printf("{\"median_s\": %.9f, \"min_s\": %.9f, \"mean_s\": %.9f}\n", median(times),
              *std::min_element(times.begin(), times.end()), total_s / static_cast<double>(steps));
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
