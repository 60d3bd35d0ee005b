// SPDX-License-Identifier: Apache-2.0
// One thread. The argument is n of an n x n x n product, or the width and batch of a dense layer.
#include <benchmark/benchmark.h>

#include <vector>

#include "plumb/kernels/fast/gemm.h"

namespace plumb {
namespace {

template <Transpose kA, Transpose kB>
void gemm_square(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  std::vector<float> a(static_cast<std::size_t>(n * n), 0.5f), b = a, c = a;
  for (auto _ : state) {
    fast::gemm(kA, kB, n, n, n, a.data(), n, b.data(), n, 0.0f, c.data(), n);
    benchmark::DoNotOptimize(c.data());
  }
  state.counters["flops"] = benchmark::Counter(2.0 * static_cast<double>(n * n * n),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
void sizes(benchmark::internal::Benchmark* bench) {
  for (const int n : {8, 16, 32, 48, 64, 96, 128, 256, 512}) bench->Arg(n);
}
BENCHMARK(gemm_square<Transpose::no, Transpose::no>)->Name("gemm_nn")->Apply(sizes);
BENCHMARK(gemm_square<Transpose::no, Transpose::yes>)->Name("gemm_nt")->Apply(sizes);
BENCHMARK(gemm_square<Transpose::yes, Transpose::no>)->Name("gemm_tn")->Apply(sizes);

}  // namespace
}  // namespace plumb
