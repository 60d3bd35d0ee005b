// SPDX-License-Identifier: Apache-2.0
// What recording costs the training, what it costs the writer, how large a long run is, and how
// long it takes to read.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cmath>
#include <filesystem>
#include <random>
#include <string>

#include "plumb/store/run_file.h"

namespace plumb {
namespace {

std::string scratch_path() {
  return (std::filesystem::temp_directory_path() / "plumb_store_bench.plumb").string();
}

double file_MB() { return static_cast<double>(std::filesystem::file_size(scratch_path())) / 1e6; }

/// A chain of dense layers of 128 units: three tensors a layer and two parameters with three each.
RunInfo chain(int layers) {
  RunInfo info;
  info.layers.resize(static_cast<std::size_t>(layers) + 1);
  info.layers[0].family = LayerFamily::input;
  for (int i = 1; i <= layers; ++i) {
    LayerInfo& layer = info.layers[static_cast<std::size_t>(i)];
    layer.path = std::to_string(i - 1);
    layer.family = LayerFamily::linear;
    layer.inputs = {{.from = i - 1}};
    for (const char* name : {"weight", "bias"}) {
      ParamInfo& param = info.params.emplace_back();
      param.path = layer.path + "." + name;
      param.users = {i};
    }
  }
  return info;
}

/// What a float tensor of `count` Gaussian values gives, whose deviation is 2^log2_deviation: the
/// counts of each octave as they come out of so many draws.
void fill(Sketch& sketch, std::uint64_t count, double log2_deviation, std::mt19937_64& random) {
  std::normal_distribution<double> noise;
  const double deviation = std::exp2(log2_deviation);
  const auto n = static_cast<double>(count);
  sketch.count = count;
  sketch.mean = deviation * noise(random) / std::sqrt(n);
  sketch.m2 = n * deviation * deviation * (1 + noise(random) * std::sqrt(2 / n));
  sketch.abs_max = static_cast<double>(
      static_cast<float>(deviation * (std::sqrt(2 * std::log(n)) + 0.3 * noise(random))));
  sketch.histogram = {};
  for (int octave = 3; octave > -25; --octave) {
    const double low = std::exp2(octave), high = 2 * low;
    const double expected = n * (std::erf(high / std::sqrt(2.0)) - std::erf(low / std::sqrt(2.0)));
    const double drawn = expected + std::sqrt(expected) * noise(random);
    const int bin = octave + static_cast<int>(std::floor(log2_deviation)) - Sketch::kMinExponent;
    if (drawn >= 0.5)
      sketch.histogram[static_cast<std::size_t>(bin)] =
          static_cast<std::uint64_t>(std::llround(drawn));
  }
  sketch.format_loss[2].flushed = static_cast<std::uint64_t>(n * 0.01 + std::abs(noise(random)));
}

void refill(StepRecord& step, int layers, std::mt19937_64& random) {
  step.measured = true;
  step.sketches.clear();
  step.activations.clear();
  const auto add = [&](const Site& site, std::uint64_t count, double log2_deviation) {
    fill(step.sketches.emplace_back(SketchRecord{site, {}}).sketch, count, log2_deviation, random);
  };
  for (int i = 1; i <= layers; ++i) {
    add(Site::layer(i, Role::z), 4096, 0);
    add(Site::layer(i, Role::a), 4096, -1);
    add(Site::layer(i, Role::grad_z), 4096, -10 - 0.02 * i);
    for (int p = 0; p < 2; ++p) {
      const ParamId param = 2 * (i - 1) + p;
      const std::uint64_t count = p == 0 ? 16384 : 128;
      add(Site::param(param, Role::weight), count, -4);
      add(Site::param(param, Role::grad_weight), count, -12);
      add(Site::param(param, Role::update), count, -16);
    }
    step.activations.push_back({i, -0.5, 0.01, 0.5, 128, 0, 4096});
  }
}

// add() of 700 layers, the writer thread working beside it.
void add_step(benchmark::State& state) {
  std::mt19937_64 random(1);
  StepRecord step;
  refill(step, 700, random);
  RunWriter writer(scratch_path(), {.max_file_bytes = 0});
  writer.begin(chain(700));
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

constexpr int kLayers = 300;
constexpr int kSteps = 1000;
constexpr int kDifferent = 8;  // steps that are drawn; the run repeats them

// 300 layers and 1000 measured steps, 2.7 million sketches, from the first add() until the file is
// closed.
void write_long_run(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::vector<StepRecord> steps(kDifferent);
  for (StepRecord& step : steps) refill(step, kLayers, random);
  for (auto _ : state) {
    RunWriter writer(scratch_path(), {.max_file_bytes = 0});
    writer.begin(chain(kLayers));
    for (int i = 0; i < kSteps; ++i) {
      StepRecord& step = steps[static_cast<std::size_t>(i % kDifferent)];
      step.step = i;
      writer.add(step);
    }
    writer.close();
  }
  state.counters["file_MB"] = file_MB();
}
BENCHMARK(write_long_run)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// The same run, step after step.
void stream_long_run(benchmark::State& state, LoadOptions options) {
  for (auto _ : state) {
    RunReader reader(scratch_path(), options);
    double sum = 0;
    for (StepRecord step; reader.next(step);) {
      if (!step.sketches.empty()) sum += step.sketches.back().sketch.m2;
    }
    benchmark::DoNotOptimize(sum);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MB"] = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}
BENCHMARK_CAPTURE(stream_long_run, metrics, LoadOptions::metrics())
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(stream_long_run, without_histograms, LoadOptions::without_histograms())
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(stream_long_run, everything, LoadOptions())
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Ten steps of it with all they have, as a report loads them.
void load_ten_steps(benchmark::State& state) {
  RunReader reader(scratch_path());
  StepRecord step;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kSteps; i += kSteps / 10) {
      benchmark::DoNotOptimize(reader.read(i, step));
    }
  }
}
BENCHMARK(load_ten_steps)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace plumb
