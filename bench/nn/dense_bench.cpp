// SPDX-License-Identifier: Apache-2.0
// One thread. Arguments: width (in = out) and batch.
#include <benchmark/benchmark.h>

#include "plumb/kernels/fast/gemm.h"
#include "plumb/nn/layers/activation.h"
#include "plumb/nn/layers/dense.h"

namespace plumb {
namespace {

double flops_of_step(std::int64_t width, std::int64_t batch) {
  return 6.0 * static_cast<double>(width * width * batch);
}

/// Forward and backward of dense, with tanh on top if range(2) is 1.
void dense_step(benchmark::State& state) {
  const std::int64_t width = state.range(0), batch = state.range(1);
  ThreadPool pool(1);
  const Context context{.pool = pool};
  Dense dense(width, width, true, DType::f32, "dense");
  Activation<ref::Tanh> tanh("tanh");
  const Shape shape{batch, width};
  Tensor x(shape, DType::f32), z(shape, DType::f32), a(shape, DType::f32);
  Tensor grad_a(shape, DType::f32), grad_z(shape, DType::f32), grad_x(shape, DType::f32);
  for (auto _ : state) {
    dense.forward(x.view(), z.view(), context);
    if (state.range(2)) {
      tanh.forward(z.view(), a.view(), context);
      tanh.backward(z.view(), a.view(), grad_a.view(), grad_z.view(), context);
    }
    for (Param& param : dense.params()) param.grad_is_zero = true;
    dense.backward(x.view(), z.view(), grad_z.view(), grad_x.view(), context);
  }
  state.counters["flops"] = benchmark::Counter(flops_of_step(width, batch),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(dense_step)
    ->Args({32, 32, 0})
    ->Args({64, 64, 0})
    ->Args({512, 256, 0})
    ->Args({512, 256, 1});

/// The three products of the same step alone: the speed limit of dense_step.
void products_alone(benchmark::State& state) {
  const std::int64_t n = state.range(0), batch = state.range(1);
  Tensor x({batch, n}, DType::f32), y({batch, n}, DType::f32), w({n, n}, DType::f32),
      grad_w({n, n}, DType::f32);
  float* const xd = x.as<float>().data();
  float* const yd = y.as<float>().data();
  float* const wd = w.as<float>().data();
  float* const gd = grad_w.as<float>().data();
  for (auto _ : state) {
    fast::gemm(Transpose::no, Transpose::yes, batch, n, n, xd, n, wd, n, 0, yd, n);
    fast::gemm(Transpose::yes, Transpose::no, n, n, batch, yd, n, xd, n, 0, gd, n);
    fast::gemm(Transpose::no, Transpose::no, batch, n, n, yd, n, wd, n, 0, xd, n);
  }
  state.counters["flops"] =
      benchmark::Counter(flops_of_step(n, batch), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(products_alone)->Args({32, 32})->Args({64, 64})->Args({512, 256});

}  // namespace
}  // namespace plumb
