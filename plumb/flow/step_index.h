// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>

#include "plumb/record/step_record.h"

namespace plumb {

/// Look-up by path in one step, in constant time: the books of a network of thousands of layers ask
/// for every site, and StepRecord::find walks them all.
///
/// Refers to the step and must not outlive it. Of parameters it knows the "weight" alone.
class StepIndex {
 public:
  explicit StepIndex(const StepRecord& step);
  explicit StepIndex(const StepRecord&&) = delete;  ///< would dangle

  const Sketch* find(std::string_view path, Role role) const;
  const ActivationRecord* activation(std::string_view path) const;
  const JoinRecord* join(std::string_view path) const;

 private:
  static constexpr std::size_t kRoles = 7;
  std::unordered_map<std::string_view, std::array<const Sketch*, kRoles>> sketches_;
  std::unordered_map<std::string_view, const ActivationRecord*> activations_;
  std::unordered_map<std::string_view, const JoinRecord*> joins_;
};

/// log2 of the true rms: -infinity for a tensor of zeros, NaN if it was not recorded, is empty or
/// holds a value that is not finite.
double log2_rms_or_nan(const Sketch* sketch);

}  // namespace plumb
