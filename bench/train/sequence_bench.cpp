// SPDX-License-Identifier: Apache-2.0
// Times whole training steps of `NETWORK > last > dense 1` on the adding problem with SGD and
// prints one JSON line:
//   sequence_bench NETWORK STEPS_OF_A_SEQUENCE BATCH MODE STEPS
// NETWORK: a chain of the network language ("lstm 64"). MODE: off, nothing measured; all, every
// time step of every training step measured; cost, the two taking turns, STEPS each, and their
// ratio. tools/bench_sequences.py runs it side by side with
// PyTorch.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bench/train/side_by_side.h"
#include "bench/train/timing.h"
#include "plumb/train/trainer.h"

namespace {

using namespace plumb;

int run(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: sequence_bench NETWORK LENGTH BATCH off|all|cost STEPS\n");
    return 2;
  }
  TrainConfig config;
  config.network = std::string(argv[1]) + " > last > dense 1";
  config.data = "adding?t=" + std::string(argv[2]) + "&n=" + std::string(argv[3]);
  config.validation_fraction = 0;
  config.learning_rate = 0.01;
  config.batch = std::atoll(argv[3]);
  const std::string mode = argv[4];
  config.record = mode == "all" ? "every=1" : "off";
  config.steps = std::atol(argv[5]);
  const Split data = load_split(config.data, config.data_options());
  if (mode == "cost") {
    const long steps = std::exchange(config.steps, std::numeric_limits<std::int64_t>::max());
    Trainer off(config, data);
    config.record = "every=1";
    Trainer all(config, data);
    print(side_by_side([&] { off.step(); }, [&] { all.step(); }, steps));
    return 0;
  }
  Trainer trainer(config, data);
  std::vector<double> times;
  while (!trainer.done()) times.push_back(seconds_of([&] { trainer.step(); }));
  std::sort(times.begin(), times.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"median_s\": %.9f, \"min_s\": %.9f, \"peak_kib\": %ld}\n", times[times.size() / 2],
              times.front(), usage.ru_maxrss);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sequence_bench: %s\n", error.what());
    return 1;
  }
}
