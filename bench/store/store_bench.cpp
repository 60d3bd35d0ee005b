// SPDX-License-Identifier: Apache-2.0
// What recording costs the training, what it costs the writer, and how long a run takes to load.
#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "plumb/store/run_file.h"

namespace plumb {
namespace {

std::string scratch_path() {
  return (std::filesystem::temp_directory_path() / "plumb_store_bench.plumb").string();
}

// A sketch as a float tensor of 64k values gives it: some 25 octaves, counts from 1 to tens of
// thousands.
Sketch typical_sketch(int seed) {
  Sketch sketch;
  sketch.count = 65536;
  sketch.mean = 1e-3 * seed;
  sketch.m2 = 0.3 + seed;
  sketch.abs_max = 4;
  for (int k = 0; k < 25; ++k) {
    sketch.histogram[static_cast<std::size_t>(105 + k)] =
        static_cast<std::uint64_t>(std::pow(1.53, k)) + 1;
  }
  sketch.format_loss[2].flushed = 700;
  return sketch;
}

StepRecord measured_step(int layers, int roles) {
  StepRecord step;
  step.measured = true;
  for (int i = 0; i < layers * roles; ++i) {
    const auto role = static_cast<Role>(i % roles % 7);
    step.sketches.push_back(
        {{std::to_string(i / roles), role, i % roles == 7 ? "bias" : ""}, typical_sketch(i % 100)});
  }
  return step;
}

// add() of 700 layers with 7 roles each, the writer thread working beside it.
void add_step(benchmark::State& state) {
  StepRecord step = measured_step(700, 7);
  RunWriter writer(scratch_path());
  writer.begin({});
  for (auto _ : state) {
    ++step.step;
    writer.add(step);
  }
  state.counters["per_sketch"] = benchmark::Counter(
      static_cast<double>(step.sketches.size()),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  writer.close();
  std::filesystem::remove(scratch_path());
}
BENCHMARK(add_step)->Iterations(100)->Unit(benchmark::kMillisecond)->UseRealTime();

// add() of a step without measurements: what every step pays.
void add_bare_step(benchmark::State& state) {
  StepRecord step;
  RunWriter writer(scratch_path());
  writer.begin({});
  for (auto _ : state) {
    ++step.step;
    writer.add(step);
  }
  writer.close();
  std::filesystem::remove(scratch_path());
}
BENCHMARK(add_bare_step)->Iterations(20'000)->Unit(benchmark::kMicrosecond)->UseRealTime();

// From the first add() until the file is closed: the speed of the writer thread.
void write_run(benchmark::State& state) {
  StepRecord step = measured_step(100, 8);
  for (auto _ : state) {
    RunWriter writer(scratch_path());
    writer.begin({});
    for (step.step = 0; step.step < 200; ++step.step) writer.add(step);
    writer.close();
  }
  state.counters["file_MB"] =
      static_cast<double>(std::filesystem::file_size(scratch_path())) / (1 << 20);
  state.counters["sketches"] = 200.0 * static_cast<double>(step.sketches.size());
}
BENCHMARK(write_run)->Unit(benchmark::kMillisecond)->UseRealTime();

// The same run, 160k sketches, back into memory.
void load_big_run(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load_run(scratch_path()));
  std::filesystem::remove(scratch_path());
}
BENCHMARK(load_big_run)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace plumb
