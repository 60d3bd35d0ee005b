// SPDX-License-Identifier: Apache-2.0
// The sketch beside loops that do little but read: on a tensor that no cache holds bytes_per_second
// of the two compare, and per_16 times the clock gives cycles per 16 floats.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"
#include "plumb/stats/magnitude.h"
#include "plumb/stats/sketch.h"

namespace plumb {
namespace {

enum class Data : std::uint8_t { normal, relu, tiny_gradient };

Tensor make(std::int64_t n, Data data) {
  Tensor t(Shape{n}, DType::f32);
  const Rng rng(1, "bench");
  const std::int64_t period = std::min<std::int64_t>(n, 1 << 20);
  std::vector<float> values(static_cast<std::size_t>(period));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double z = rng.normal(i);
    values[i] = static_cast<float>(data == Data::normal ? z
                                   : data == Data::relu ? (z < 0 ? 0.0 : z)
                                                        : 1e-6 * z);
  }
  const std::span<float> x = t.as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = values[i % values.size()];
  return t;
}

void report(benchmark::State& state, std::int64_t n) {
  state.SetBytesProcessed(state.iterations() * n * 4);
  state.counters["per_16"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(n) / 16,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_Sketch(benchmark::State& state, Data data) {
  const std::int64_t n = state.range(0);
  const Tensor t = make(n, data);
  for (auto _ : state) {
    const Sketch s = sketch(t.view());
    benchmark::DoNotOptimize(&s);
    benchmark::ClobberMemory();
  }
  report(state, n);
}
BENCHMARK_CAPTURE(BM_Sketch, normal, Data::normal)
    ->Arg(64)
    ->Arg(1 << 10)
    ->Arg(1 << 14)
    ->Arg(1 << 18)
    ->Arg(1 << 26);
BENCHMARK_CAPTURE(BM_Sketch, relu, Data::relu)->Arg(1 << 10)->Arg(1 << 14)->Arg(1 << 26);
BENCHMARK_CAPTURE(BM_Sketch, tiny_gradient, Data::tiny_gradient)->Arg(1 << 10)->Arg(1 << 14);

void BM_SketchReference(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor t = make(n, Data::normal);
  for (auto _ : state) {
    const Sketch s = sketch_reference(t.view());
    benchmark::DoNotOptimize(&s);
  }
  report(state, n);
}
BENCHMARK(BM_SketchReference)->Arg(1 << 14);

/// A plain read: the sum of all words, in 64 independent sums that the compiler keeps in vectors.
void BM_PlainSum(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor t = make(n, Data::normal);
  const auto* words = static_cast<const std::uint32_t*>(t.view().data);
  for (auto _ : state) {
    std::uint32_t sum[64] = {};
    for (std::int64_t i = 0; i < n; i += 64) {
      for (int k = 0; k < 64; ++k) sum[k] += words[i + k];
    }
    benchmark::DoNotOptimize(sum);
  }
  report(state, n);
}
BENCHMARK(BM_PlainSum)->Arg(1 << 10)->Arg(1 << 14)->Arg(1 << 18)->Arg(1 << 26);

void BM_AbsMax(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor t = make(n, Data::normal);
  for (auto _ : state) benchmark::DoNotOptimize(abs_max(t.as<float>()));
  report(state, n);
}
BENCHMARK(BM_AbsMax)->Arg(1 << 14)->Arg(1 << 26);

void BM_Log2Rms(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor t = make(n, Data::normal);
  for (auto _ : state) benchmark::DoNotOptimize(log2_rms(t.view()));
  report(state, n);
}
BENCHMARK(BM_Log2Rms)->Arg(1 << 14)->Arg(1 << 26);

}  // namespace
}  // namespace plumb
