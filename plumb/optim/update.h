// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace plumb {

enum class UpdateFormula : std::uint8_t {
  sgd,
  momentum,
  nesterov,
  rmsprop,
  rmsprop_momentum,
  adam
};

/// One step of one parameter, with everything that is the same for all its elements.
///
///   g      = clamp(grad * grad_scale * grad_power, -clip, clip) + coupled_decay * value
///   update = -(rate * formula(g) + shrink * value),   value += update
///
/// The formulas are those of OptimiserConfig. Both factors of the gradient are applied one after
/// the other, so that their product may leave the range of the type.
struct UpdateStep {
  UpdateFormula formula = UpdateFormula::sgd;
  bool grad_is_zero = false;
  bool grad_is_scaled = false;
  double grad_scale = 1;
  double grad_power = 1;
  double clip = 0;           ///< 0: off
  double coupled_decay = 0;  ///< 0: off
  double shrink = 0;         ///< learning_rate * weight_decay of decoupled decay; 0: off
  double rate = 0;           ///< of adam: learning_rate / (1 - beta1^t)
  double momentum = 0;
  double rho = 0;  ///< of rmsprop; beta2 of adam
  double beta1 = 0;
  double eps = 0;
  double root_correction = 1;  ///< of adam: 1 / sqrt(1 - beta2^t), multiplies sqrt(v)
};

/// The arrays of a range of elements. `first` and `second` are read only by formulas that have them
/// (momentum: first; rmsprop: second, with momentum also first; adam: both).
template <class T>
struct UpdateArrays {
  T* value = nullptr;
  const T* grad = nullptr;
  T* first = nullptr;
  T* second = nullptr;
  T* update = nullptr;  ///< gets the update; null: nobody asked
};

/// Elements are independent: any split gives the same bits, on every instruction set.
void apply_update(const UpdateStep& step, UpdateArrays<float> arrays, std::size_t count);
void apply_update(const UpdateStep& step, UpdateArrays<double> arrays, std::size_t count);

/// The same by the instructions that every machine has: what apply_update is tested against.
void apply_update_baseline(const UpdateStep& step, UpdateArrays<float> arrays, std::size_t count);
void apply_update_baseline(const UpdateStep& step, UpdateArrays<double> arrays, std::size_t count);

/// Sum of squares in double, in an order that depends on count alone.
double sum_of_squares(const float* values, std::size_t count);
double sum_of_squares(const double* values, std::size_t count);

/// Reads and writes denormals as zero while it lives (x86 only; elsewhere they cost nothing extra).
class DenormalsAreZero {
 public:
  DenormalsAreZero();
  ~DenormalsAreZero();
  DenormalsAreZero(const DenormalsAreZero&) = delete;
  DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

 private:
  unsigned saved_ = 0;
};

}  // namespace plumb
