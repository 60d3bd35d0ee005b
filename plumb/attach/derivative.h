// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "plumb/kernels/activations/definition.h"
#include "plumb/observe/recorder.h"

namespace plumb {

/// Judges the derivative f' of an activation that another framework computed, from what it read.
///
///   f'(z) by ActivationDefinition::op; in float for f16, bf16 and f32, in double for f64
///
/// Where the framework overwrote z by y (an activation in place), y stands for z if f' can be had
/// from it: for those that keep the sign or that are told by their value.
/// Threads Use one object from one thread.
class DerivativeJudge {
 public:
  /// Errors  SpecError for a text that activation_from_text does not know.
  explicit DerivativeJudge(const std::string& function);

  const ActivationTraits& traits() const { return definition_.traits; }
  /// f'(z) can be had from y alone.
  bool serves_output() const { return serves_output_; }
  /// Tells the recorder f' of a batch; `is_output`: the view is of y (see serves_output()).
  void tell(Recorder& recorder, LayerId layer, const ObservedView& view, bool is_output);

 private:
  template <class T>
  void tell_as(Recorder& recorder, LayerId layer, const ObservedView& view, bool is_output,
               std::vector<T>& read, std::vector<T>& slopes);

  /// Of a part of what a relu reads or gives, row-major at x: counted as it lies.
  void tell_relu(Recorder& recorder, LayerId layer, const ObservedView& part, const float* x);

  ActivationDefinition definition_;
  bool serves_output_ = false;
  std::vector<float> read_f_, slope_f_;
  std::vector<double> read_d_, slope_d_;
  std::vector<std::int64_t> active_;  ///< of each unit, in the part that is told
};

}  // namespace plumb
