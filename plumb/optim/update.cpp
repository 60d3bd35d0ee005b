// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/update.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

// Plain loops that the compiler vectorises; on x86 compiled twice and chosen at run time. All
// operations are single IEEE operations on one element, so both give the same bits.
#if defined(__x86_64__)
#define PLUMB_AVX2 __attribute__((target("avx2")))
#endif
#define PLUMB_INLINE __attribute__((always_inline)) inline

namespace plumb {

namespace {

/// Elements that go through all stages of a step while they are in the first-level cache: memory is
/// passed over once, and a stage is one simple loop.
constexpr std::size_t kBlock = 1024;
constexpr std::size_t kLanes = 8;

template <class T>
PLUMB_INLINE void load_gradient(const UpdateStep& step, const T* grad, T* g, std::size_t count) {
  if (step.grad_is_zero) {
    for (std::size_t i = 0; i < count; ++i) g[i] = 0;
  } else if (step.grad_is_scaled) {
    const T scale = static_cast<T>(step.grad_scale), power = static_cast<T>(step.grad_power);
    for (std::size_t i = 0; i < count; ++i) g[i] = grad[i] * scale * power;
  } else {
    for (std::size_t i = 0; i < count; ++i) g[i] = grad[i];
  }
  constexpr T kSmallest = std::numeric_limits<T>::min();
  for (std::size_t i = 0; i < count; ++i) g[i] = std::fabs(g[i]) < kSmallest ? T{0} : g[i];
  if (step.clip > 0) {
    const T limit = static_cast<T>(step.clip);
    for (std::size_t i = 0; i < count; ++i) {  // written so that NaN passes through
      const T low = g[i] < -limit ? -limit : g[i];
      g[i] = low > limit ? limit : low;
    }
  }
}

/// Turns the gradient in u into what the formula steps by, and advances the state.
template <class T>
PLUMB_INLINE void apply_formula(const UpdateStep& step, T* first, T* second, T* u,
                                std::size_t count) {
  const T momentum = static_cast<T>(step.momentum);
  const T eps = static_cast<T>(step.eps);
  const T rho = static_cast<T>(step.rho), rest_rho = static_cast<T>(1 - step.rho);
  const T beta1 = static_cast<T>(step.beta1), rest_beta1 = static_cast<T>(1 - step.beta1);
  const T root_correction = static_cast<T>(step.root_correction);
  switch (step.formula) {
    case UpdateFormula::sgd: break;
    case UpdateFormula::momentum:
      for (std::size_t i = 0; i < count; ++i) {
        first[i] = momentum * first[i] + u[i];
        u[i] = first[i];
      }
      break;
    case UpdateFormula::nesterov:
      for (std::size_t i = 0; i < count; ++i) {
        first[i] = momentum * first[i] + u[i];
        u[i] = u[i] + momentum * first[i];
      }
      break;
    case UpdateFormula::rmsprop:
      for (std::size_t i = 0; i < count; ++i) {
        second[i] = rho * second[i] + rest_rho * u[i] * u[i];
        u[i] = u[i] / (std::sqrt(second[i]) + eps);
      }
      break;
    case UpdateFormula::rmsprop_momentum:
      for (std::size_t i = 0; i < count; ++i) {
        second[i] = rho * second[i] + rest_rho * u[i] * u[i];
        first[i] = momentum * first[i] + u[i] / (std::sqrt(second[i]) + eps);
        u[i] = first[i];
      }
      break;
    case UpdateFormula::adam:
      for (std::size_t i = 0; i < count; ++i) {
        first[i] = beta1 * first[i] + rest_beta1 * u[i];
        second[i] = rho * second[i] + rest_rho * u[i] * u[i];
        u[i] = first[i] / (std::sqrt(second[i]) * root_correction + eps);
      }
      break;
  }
}

template <class T>
PLUMB_INLINE T* offset(T* array, std::size_t begin) {
  return array != nullptr ? array + begin : nullptr;
}

/// Asks for a block that will be used next, which the hardware does not: a block of floats is a
/// page of memory, and its own prefetching ends there.
template <bool kToWrite, class T>
PLUMB_INLINE void prefetch_block(const T* block, std::size_t count) {
  constexpr std::size_t kLine = 64 / sizeof(T);
  for (std::size_t i = 0; i < count; i += kLine) __builtin_prefetch(block + i, kToWrite);
}

/// The commonest step in one loop instead of several; operation for operation the same.
template <bool kScaled, class T>
PLUMB_INLINE void update_block_plain_sgd(const UpdateStep& step, const T* grad, T* value, T* update,
                                         std::size_t count) {
  const T rate = static_cast<T>(step.rate);
  const T scale = static_cast<T>(step.grad_scale), power = static_cast<T>(step.grad_power);
  constexpr T kSmallest = std::numeric_limits<T>::min();
  for (std::size_t i = 0; i < count; ++i) {
    const T true_grad = kScaled ? grad[i] * scale * power : grad[i];
    const T g = std::fabs(true_grad) < kSmallest ? T{0} : true_grad;
    update[i] = -(rate * g);
    value[i] += update[i];
  }
}

bool is_plain_sgd(const UpdateStep& step) {
  return step.formula == UpdateFormula::sgd && !step.grad_is_zero && !(step.clip > 0) &&
         step.coupled_decay == 0 && step.shrink == 0;
}

/// `next_count` elements follow in the next block.
template <class T>
PLUMB_INLINE void update_block(const UpdateStep& step, const UpdateArrays<T>& arrays,
                               std::size_t begin, std::size_t count, std::size_t next_count) {
  alignas(64) std::array<T, kBlock> buffer;
  T* const u = arrays.update != nullptr ? arrays.update + begin : buffer.data();
  T* const value = arrays.value + begin;
  if (is_plain_sgd(step)) {
    prefetch_block<false>(arrays.grad + begin + count, next_count);
    prefetch_block<true>(value + count, next_count);
    if (step.grad_is_scaled) {
      update_block_plain_sgd<true>(step, arrays.grad + begin, value, u, count);
    } else {
      update_block_plain_sgd<false>(step, arrays.grad + begin, value, u, count);
    }
    return;
  }
  load_gradient(step, arrays.grad + begin, u, count);
  if (step.coupled_decay != 0) {
    const T decay = static_cast<T>(step.coupled_decay);
    for (std::size_t i = 0; i < count; ++i) u[i] += decay * value[i];
  }
  apply_formula(step, offset(arrays.first, begin), offset(arrays.second, begin), u, count);
  const T rate = static_cast<T>(step.rate);
  if (step.shrink != 0) {
    const T shrink = static_cast<T>(step.shrink);
    for (std::size_t i = 0; i < count; ++i) u[i] = -(rate * u[i] + shrink * value[i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) u[i] = -(rate * u[i]);
  }
  for (std::size_t i = 0; i < count; ++i) value[i] += u[i];
}

template <class T>
PLUMB_INLINE void update_all(const UpdateStep& step, const UpdateArrays<T>& arrays,
                             std::size_t count) {
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, count);
    update_block(step, arrays, begin, end - begin, std::min(kBlock, count - end));
  }
}

template <class T>
PLUMB_INLINE double squares(const T* values, std::size_t count) {
  std::array<double, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double v = static_cast<double>(values[i + lane]);
      lanes[lane] += v * v;
    }
  }
  double sum = 0;
  for (; i < count; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  for (const double lane : lanes) sum += lane;
  return sum;
}

#if defined(__x86_64__)
template <class T>
PLUMB_AVX2 void update_all_avx2(const UpdateStep& step, const UpdateArrays<T>& arrays,
                                std::size_t count) {
  update_all(step, arrays, count);
}
template <class T>
PLUMB_AVX2 double squares_avx2(const T* values, std::size_t count) {
  return squares(values, count);
}
const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
#endif

template <class T>
void update_dispatched(const UpdateStep& step, const UpdateArrays<T>& arrays, std::size_t count) {
#if defined(__x86_64__)
  if (kHasAvx2) return update_all_avx2(step, arrays, count);
#endif
  update_all(step, arrays, count);
}

template <class T>
double squares_dispatched(const T* values, std::size_t count) {
#if defined(__x86_64__)
  if (kHasAvx2) return squares_avx2(values, count);
#endif
  return squares(values, count);
}

}  // namespace

void apply_update(const UpdateStep& step, UpdateArrays<float> arrays, std::size_t count) {
  update_dispatched(step, arrays, count);
}
void apply_update(const UpdateStep& step, UpdateArrays<double> arrays, std::size_t count) {
  update_dispatched(step, arrays, count);
}

void apply_update_baseline(const UpdateStep& step, UpdateArrays<float> arrays, std::size_t count) {
  update_all(step, arrays, count);
}
void apply_update_baseline(const UpdateStep& step, UpdateArrays<double> arrays, std::size_t count) {
  update_all(step, arrays, count);
}

double sum_of_squares(const float* values, std::size_t count) {
  return squares_dispatched(values, count);
}
double sum_of_squares(const double* values, std::size_t count) {
  return squares_dispatched(values, count);
}

#if defined(__x86_64__)
DenormalsAreZero::DenormalsAreZero() : saved_(__builtin_ia32_stmxcsr()) {
  constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
  __builtin_ia32_ldmxcsr(saved_ | kFlushToZero | kDenormalsAreZero);
}
DenormalsAreZero::~DenormalsAreZero() { __builtin_ia32_ldmxcsr(saved_); }
#else
DenormalsAreZero::DenormalsAreZero() = default;
DenormalsAreZero::~DenormalsAreZero() = default;
#endif

}  // namespace plumb
