// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/update.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb {
namespace {

constexpr UpdateFormula kFormulas[] = {
    UpdateFormula::sgd,     UpdateFormula::momentum,         UpdateFormula::nesterov,
    UpdateFormula::rmsprop, UpdateFormula::rmsprop_momentum, UpdateFormula::adam};

UpdateStep step_of(UpdateFormula formula) {
  UpdateStep step;
  step.formula = formula;
  step.rate = 0.01;
  step.momentum = 0.9;
  step.rho = 0.99;
  step.beta1 = 0.9;
  step.eps = 1e-8;
  step.root_correction = 3;
  step.grad_is_scaled = true;
  step.grad_scale = 0.7;
  step.grad_power = 2;
  step.clip = 0.9;
  step.coupled_decay = 0.1;
  step.shrink = 0.001;
  return step;
}

/// All arrays of a step in one buffer, `shift` elements away from its alignment.
template <class T>
struct Arrays {
  std::vector<T> memory;
  std::size_t stride;
  std::size_t shift;

  Arrays(std::size_t count, std::size_t misalignment)
      : memory(5 * (count + 1) + misalignment), stride(count + 1), shift(misalignment) {
    const Rng rng(1, "update");
    for (std::size_t i = 0; i < memory.size(); ++i) {
      memory[i] = static_cast<T>(rng.uniform(i, -1, 1));
    }
    // The second state is a mean of squares.
    for (std::size_t i = 0; i < count; ++i) pointers().second[i] = std::fabs(pointers().second[i]);
    const T special[] = {std::numeric_limits<T>::quiet_NaN(),
                         std::numeric_limits<T>::infinity(),
                         -std::numeric_limits<T>::infinity(),
                         std::numeric_limits<T>::denorm_min(),
                         -T{0},
                         std::numeric_limits<T>::max()};
    for (std::size_t i = 0; i < std::size(special) && i + 20 < count; ++i) {
      memory[shift + stride + 3 * i] = special[i];  // of the gradient
    }
  }
  UpdateArrays<T> pointers() {
    T* const at = memory.data() + shift;
    return {at, at + stride, at + 2 * stride, at + 3 * stride, at + 4 * stride};
  }
};

template <class T>
void compare_with_baseline(UpdateFormula formula, std::size_t count, std::size_t misalignment) {
  Arrays<T> fast(count, misalignment), baseline(count, misalignment);
  const UpdateStep step = step_of(formula);
  apply_update(step, fast.pointers(), count);
  apply_update_baseline(step, baseline.pointers(), count);
  for (std::size_t i = 0; i < fast.memory.size(); ++i) {
    const T a = fast.memory[i], b = baseline.memory[i];
    EXPECT_TRUE(std::memcmp(&a, &b, sizeof(T)) == 0 || (std::isnan(a) && std::isnan(b)))
        << "formula " << static_cast<int>(formula) << " count " << count << " shift "
        << misalignment << " place " << i << ": " << a << " and " << b;
  }
}

TEST(UpdateTest, IsTheSameBitsAsTheBaselineForEveryLengthAndAlignment) {
  for (const UpdateFormula formula : kFormulas) {
    for (std::size_t count = 0; count <= 33; ++count) {
      for (const std::size_t misalignment : {0u, 1u, 3u}) {
        compare_with_baseline<float>(formula, count, misalignment);
        compare_with_baseline<double>(formula, count, misalignment);
      }
    }
    for (const std::size_t count : {1023u, 1024u, 1025u, 5000u}) {
      compare_with_baseline<float>(formula, count, 1);
      compare_with_baseline<double>(formula, count, 1);
    }
  }
}

TEST(UpdateTest, TouchesNothingBehindTheRangeAndNoStateThatItDoesNotHave) {
  Arrays<float> arrays(40, 0);
  const std::vector<float> before = arrays.memory;
  UpdateStep step = step_of(UpdateFormula::sgd);
  UpdateArrays<float> pointers = arrays.pointers();
  pointers.first = nullptr;
  pointers.second = nullptr;
  pointers.update = nullptr;
  apply_update(step, pointers, 20);
  for (std::size_t i = 20; i < before.size(); ++i) {
    EXPECT_TRUE(std::memcmp(&before[i], &arrays.memory[i], sizeof(float)) == 0) << i;
  }
}

TEST(UpdateTest, SumsOfSquaresAreExactOnSmallIntegers) {
  for (std::size_t count = 0; count <= 50; ++count) {
    std::vector<float> f(count);
    std::vector<double> d(count);
    for (std::size_t i = 0; i < count; ++i) f[i] = static_cast<float>(i + 1);
    for (std::size_t i = 0; i < count; ++i) d[i] = -static_cast<double>(i + 1);
    const double n = static_cast<double>(count);
    EXPECT_EQ(sum_of_squares(f.data(), count), n * (n + 1) * (2 * n + 1) / 6);
    EXPECT_EQ(sum_of_squares(d.data(), count), n * (n + 1) * (2 * n + 1) / 6);
  }
}

TEST(UpdateTest, DenormalsAreZeroOnlyWhileAsked) {
  volatile float smallest = std::numeric_limits<float>::denorm_min();
  const volatile float one = 1;
  {
    const DenormalsAreZero guard;
#if defined(__x86_64__)
    EXPECT_EQ(smallest * one, 0);
#endif
  }
  EXPECT_GT(smallest * one, 0);
}

}  // namespace
}  // namespace plumb
