// SPDX-License-Identifier: Apache-2.0
// Some of oneDNN's kernels put the heap where the stack should be. Here a timer interrupts each
// product again and again, and the handler looks where it stands.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plumb/kernels/fast/convolution.h"
#include "plumb/kernels/fast/gemm.h"
#include "plumb/kernels/fast/linear.h"

namespace plumb {
namespace {

std::uintptr_t g_stack_begin, g_stack_end;
volatile std::sig_atomic_t g_came;

/// Ends the process where it does not stand on the stack, before the heap is used again.
void on_timer(int /*signal*/) {
  const char here = 0;
  const auto at = reinterpret_cast<std::uintptr_t>(&here);
  if (at < g_stack_begin || at >= g_stack_end) std::_Exit(1);
  g_came = g_came + 1;
}

void find_stack() {
  pthread_attr_t attributes;
  void* begin = nullptr;
  std::size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &begin, &size);
  pthread_attr_destroy(&attributes);
  g_stack_begin = reinterpret_cast<std::uintptr_t>(begin);
  g_stack_end = g_stack_begin + size;
}

/// Repeats the work under a timer's signals, and ends the process: 0 if all handlers stood on the
/// stack of the thread.
void interrupt(const std::function<void()>& work) {
  find_stack();
  std::signal(SIGALRM, on_timer);
  const itimerval often{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
  while (std::chrono::steady_clock::now() < end) work();
  std::_Exit(g_came > 0 ? 0 : 2);
}

struct Case {
  std::string name;
  std::function<void()> work;
};

std::function<void()> product(Transpose ta, Transpose tb) {
  return [ta, tb, a = std::vector<float>(512 * 512), b = std::vector<float>(512 * 512),
          c = std::vector<float>(64 * 512)]() mutable {
    fast::gemm(ta, tb, 64, 512, 512, a.data(), 512, b.data(), 512, 0, c.data(), 512);
  };
}

std::function<void()> dense() {
  return [x = std::vector<float>(64 * 512), weight = std::vector<float>(512 * 512),
          y = std::vector<float>(64 * 512)]() mutable {
    fast::linear(64, 512, 512, x.data(), weight.data(), nullptr, y.data());
  };
}

/// In groups that fill no blocks of channels, of which oneDNN makes matrix products.
std::function<void()> convolution() {
  ConvolutionShape shape;
  shape.batch = 2;
  shape.in = 24;
  shape.out = 20;
  shape.groups = 4;
  shape.height = shape.width = 16;
  shape.window = {{3, 1, 1}, {3, 1, 1}};
  const auto filled = [](std::int64_t size) {
    return std::vector<float>(static_cast<std::size_t>(size));
  };
  return [shape, x = filled(2 * shape.x_row()), y = filled(2 * shape.y_row()),
          weight = filled(shape.out * shape.in_per_group() * shape.taps()),
          kernels = std::make_shared<fast::Convolution>(),
          pool = std::make_shared<ThreadPool>(1)]() mutable {
    constexpr Layout kPlain = Layout::row_major;
    kernels->forward(shape, kPlain, kPlain, x.data(), weight.data(), nullptr, y.data(), *pool);
    kernels->vjp_x(shape, kPlain, kPlain, weight.data(), y.data(), x.data(), *pool);
    kernels->vjp_params(shape, kPlain, kPlain, x.data(), y.data(), false, weight.data(), false,
                        nullptr, *pool);
  };
}

class SignalsTest : public ::testing::TestWithParam<Case> {};

TEST_P(SignalsTest, FindTheStackOfTheirThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(interrupt(GetParam().work), ::testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(EveryKernel, SignalsTest,
                         ::testing::Values(Case{"GemmNN", product(Transpose::no, Transpose::no)},
                                           Case{"GemmNT", product(Transpose::no, Transpose::yes)},
                                           Case{"GemmTN", product(Transpose::yes, Transpose::no)},
                                           Case{"Linear", dense()},
                                           Case{"Convolution", convolution()}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace plumb
