// SPDX-License-Identifier: Apache-2.0
// The sketch beside loops that do little but read: on a tensor that no cache holds bytes_per_second
// of the two compare, and per_16 times the clock gives cycles per 16 values.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

void report(benchmark::State& state, std::int64_t n, std::int64_t bytes_each = 4) {
  state.SetBytesProcessed(state.iterations() * n * bytes_each);
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

/// Normal numbers in the bits of a type. The exponents and fractions of binary16 are taken from
/// those of float.
std::vector<std::byte> elements(std::int64_t n, ElementType type) {
  const Rng rng(1, "bench");
  std::vector<std::byte> bytes(static_cast<std::size_t>(n * size_bytes(type)));
  const std::int64_t period = std::min<std::int64_t>(n, 1 << 20);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto size = static_cast<std::size_t>(size_bytes(type));
    std::byte* const to = bytes.data() + static_cast<std::size_t>(i) * size;
    if (i >= period) {
      std::memcpy(to, to - static_cast<std::size_t>(period) * size, size);
      continue;
    }
    const double value = rng.normal(static_cast<std::uint64_t>(i));
    const auto f32 = static_cast<float>(value);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &f32, sizeof(bits));
    const auto bf16 = static_cast<std::uint16_t>(bits >> 16);
    const std::uint32_t magnitude = std::max(bits & 0x7fffffff, 113u << 23) - (112u << 23);
    const auto f16 = static_cast<std::uint16_t>((bits >> 16 & 0x8000) | magnitude >> 13);
    const void* const from = type == ElementType::f64    ? static_cast<const void*>(&value)
                             : type == ElementType::f32  ? static_cast<const void*>(&f32)
                             : type == ElementType::bf16 ? static_cast<const void*>(&bf16)
                                                         : static_cast<const void*>(&f16);
    std::memcpy(to, from, size);
  }
  return bytes;
}

void sketch_view(benchmark::State& state, const StridedView& view) {
  Sketch s;
  for (auto _ : state) {
    sketch_into(s, view);
    benchmark::DoNotOptimize(&s);
    benchmark::ClobberMemory();
  }
  report(state, view.size(), size_bytes(view.type));
}

void BM_SketchType(benchmark::State& state, ElementType type) {
  const std::int64_t n = state.range(0), stride = 1;
  const std::vector<std::byte> x = elements(n, type);
  sketch_view(state, {x.data(), type, {&n, 1}, {&stride, 1}});
}
BENCHMARK_CAPTURE(BM_SketchType, f16, ElementType::f16)->Arg(64)->Arg(1 << 14)->Arg(1 << 26);
BENCHMARK_CAPTURE(BM_SketchType, bf16, ElementType::bf16)->Arg(64)->Arg(1 << 14)->Arg(1 << 26);
BENCHMARK_CAPTURE(BM_SketchType, f32, ElementType::f32)->Arg(64)->Arg(1 << 14)->Arg(1 << 26);
BENCHMARK_CAPTURE(BM_SketchType, f64, ElementType::f64)->Arg(64)->Arg(1 << 14)->Arg(1 << 25);

/// 16 Ki values each; strides in elements.
void BM_SketchStrided(benchmark::State& state, ElementType type,
                      const std::vector<std::int64_t>& sizes,
                      const std::vector<std::int64_t>& strides) {
  const std::vector<std::byte> x = elements(1 << 17, type);
  sketch_view(state, {x.data(), type, sizes, strides});
}
using Axes = std::vector<std::int64_t>;
BENCHMARK_CAPTURE(BM_SketchStrided, transposed, ElementType::f32, Axes{128, 128}, Axes{1, 128});
BENCHMARK_CAPTURE(BM_SketchStrided, every_second_column, ElementType::f32, Axes{128, 128},
                  Axes{256, 2});
BENCHMARK_CAPTURE(BM_SketchStrided, every_second_column_transposed, ElementType::f32,
                  Axes{128, 128}, Axes{1, 256});
BENCHMARK_CAPTURE(BM_SketchStrided, every_third_column, ElementType::f32, Axes{128, 128},
                  Axes{384, 3});
BENCHMARK_CAPTURE(BM_SketchStrided, one_column, ElementType::f32, Axes{1 << 14}, Axes{8});
BENCHMARK_CAPTURE(BM_SketchStrided, three_of_four_columns, ElementType::f32, Axes{5461, 3},
                  Axes{4, 1});
BENCHMARK_CAPTURE(BM_SketchStrided, channels_last, ElementType::f32, Axes{4, 16, 16, 16},
                  Axes{4096, 1, 256, 16});
BENCHMARK_CAPTURE(BM_SketchStrided, half_of_the_channels_last, ElementType::f32,
                  Axes{4, 16, 16, 16}, Axes{8192, 1, 512, 32});
BENCHMARK_CAPTURE(BM_SketchStrided, broadcast_row, ElementType::f32, Axes{128, 128}, Axes{0, 1});
BENCHMARK_CAPTURE(BM_SketchStrided, f16_every_second_column, ElementType::f16, Axes{128, 128},
                  Axes{256, 2});
BENCHMARK_CAPTURE(BM_SketchStrided, f64_every_second_column, ElementType::f64, Axes{128, 128},
                  Axes{256, 2});

void BM_SketchRealScale(benchmark::State& state, ElementType type) {
  const std::int64_t n = state.range(0), stride = 1;
  const std::vector<std::byte> x = elements(n, type);
  Sketch s;
  for (auto _ : state) {
    sketch_into(s, StridedView(x.data(), type, {&n, 1}, {&stride, 1}), -1.5);
    benchmark::DoNotOptimize(&s);
  }
  report(state, n, size_bytes(type));
}
BENCHMARK_CAPTURE(BM_SketchRealScale, f32, ElementType::f32)->Arg(1 << 14);
BENCHMARK_CAPTURE(BM_SketchRealScale, f64, ElementType::f64)->Arg(1 << 14);

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
