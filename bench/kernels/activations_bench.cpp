// SPDX-License-Identifier: Apache-2.0
// One thread, 16384 floats: x and y fit in the second-level cache.
#include <benchmark/benchmark.h>

#include <vector>

#include "plumb/kernels/elementwise.h"

namespace plumb {
namespace {

constexpr std::int64_t kCount = 16384;

std::vector<float> inputs() {
  std::vector<float> x(kCount);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = 8.0f * (static_cast<float>(i * 7919 % kCount) / kCount - 0.5f);
  }
  return x;
}

template <class Op>
void forward(benchmark::State& state) {
  const std::vector<float> x = inputs();
  std::vector<float> y(x.size());
  for (auto _ : state) {
    elementwise_forward(Op{}, x.data(), y.data(), kCount);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}

template <class Op>
void vjp(benchmark::State& state) {
  const std::vector<float> x = inputs(), grad_y(x.size(), 1.5f);
  std::vector<float> y(x.size()), grad_x(x.size());
  elementwise_forward(Op{}, x.data(), y.data(), kCount);
  for (auto _ : state) {
    elementwise_vjp(Op{}, x.data(), y.data(), grad_y.data(), grad_x.data(), kCount);
    benchmark::DoNotOptimize(grad_x.data());
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}

BENCHMARK(forward<ref::Relu>)->Name("relu_forward");
BENCHMARK(forward<ref::Tanh>)->Name("tanh_forward");
BENCHMARK(forward<ref::Sigmoid>)->Name("sigmoid_forward");
BENCHMARK(forward<ref::Silu>)->Name("silu_forward");
BENCHMARK(forward<ref::Gelu>)->Name("gelu_forward");
BENCHMARK(forward<ref::GeluTanh>)->Name("gelu_tanh_forward");
BENCHMARK(forward<ref::ScaledElu>)->Name("elu_forward");
BENCHMARK(forward<ref::Celu>)->Name("celu_forward");
BENCHMARK(forward<ref::Mish>)->Name("mish_forward");
BENCHMARK(forward<ref::Hardswish>)->Name("hardswish_forward");
BENCHMARK(forward<ref::Softplus>)->Name("softplus_forward");
BENCHMARK(forward<ref::Exponential>)->Name("exponential_forward");
BENCHMARK(forward<ref::Softsign>)->Name("softsign_forward");
BENCHMARK(vjp<ref::Relu>)->Name("relu_vjp");
BENCHMARK(vjp<ref::Tanh>)->Name("tanh_vjp");
BENCHMARK(vjp<ref::Sigmoid>)->Name("sigmoid_vjp");
BENCHMARK(vjp<ref::Silu>)->Name("silu_vjp");
BENCHMARK(vjp<ref::Gelu>)->Name("gelu_vjp");
BENCHMARK(vjp<ref::ScaledElu>)->Name("elu_vjp");
BENCHMARK(vjp<ref::Celu>)->Name("celu_vjp");
BENCHMARK(vjp<ref::Mish>)->Name("mish_vjp");
BENCHMARK(vjp<ref::Hardswish>)->Name("hardswish_vjp");

}  // namespace
}  // namespace plumb
