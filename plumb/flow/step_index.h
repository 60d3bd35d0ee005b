// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// Look-up in one step, in constant time: the books of a network of thousands of layers ask for
/// every site, and StepRecord::find walks them all.
///
/// A weight, its gradient and its update are found by the layer that owns them.
/// Refers to both and must not outlive them.
class StepIndex {
 public:
  StepIndex(const RunInfo& info, const StepRecord& step);
  StepIndex(RunInfo&&, const StepRecord&) = delete;
  StepIndex(const RunInfo&, StepRecord&&) = delete;

  /// Of the layer's first output or of its weight; null if it was not recorded.
  const Sketch* find(LayerId layer, Role role) const;
  const Sketch* of_param(ParamId param, Role role) const;
  const ActivationRecord* activation(LayerId layer) const;
  /// Of all that read the layer's first output.
  const JoinRecord* join(LayerId layer) const;
  /// Of the ways through a block alone, by the layer that ends it (JoinRecord::through).
  const JoinRecord* join_through(LayerId layer) const;
  const SymmetryRecord* symmetry(LayerId layer) const;
  const StepRecord& step() const { return *step_; }

 private:
  struct OfLayer {
    std::array<const Sketch*, 4> sketches{};  // by role: z, a, grad_z, grad_a
    ParamId weight = kNoParam;
    const ActivationRecord* activation = nullptr;
    const JoinRecord* join = nullptr;
    const JoinRecord* join_through = nullptr;
  };
  const StepRecord* step_;
  std::vector<OfLayer> layers_;
  std::vector<std::array<const Sketch*, 3>> params_;  // weight, grad_weight, update
  std::vector<const SymmetryRecord*> symmetries_;     // by parameter
};

/// log2 of the true rms: -infinity for a tensor of zeros, NaN if it was not recorded, is empty or
/// holds a value that is not finite.
double log2_rms_or_nan(const Sketch* sketch);

}  // namespace plumb
