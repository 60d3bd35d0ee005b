// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "plumb/record/run.h"

namespace plumb {

/// One tensor of a measured step, as true numbers.
struct TensorFacts {
  double count = 0;  ///< of values; 0: it was not recorded
  double mean = 0;
  double deviation = 0;
  double rms = 0;
  double zero_fraction = 0;
  double abs_max = 0;
  bool known() const { return count > 0; }
};

/// The forward pass of one measured step, by layer and by parameter.
struct ForwardStep {
  std::int64_t step = 0;
  double loss = 0;
  std::vector<TensorFacts> outputs;     ///< of each layer: its first output
  std::vector<TensorFacts> params;      ///< values, before the update
  std::vector<double> log2_derivative;  ///< of activation layers: rms f'; NaN where not known

  /// Of layers and parameters that came later, nothing is known.
  const TensorFacts& output(LayerId layer) const { return of(outputs, layer); }
  const TensorFacts& param(ParamId param) const { return of(params, param); }
  double derivative(LayerId layer) const {
    const auto place = static_cast<std::size_t>(layer);
    return place < log2_derivative.size() ? log2_derivative[place]
                                          : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  static const TensorFacts& of(const std::vector<TensorFacts>& all, std::int32_t id) {
    static constexpr TensorFacts kNone{};
    const auto place = static_cast<std::size_t>(id);
    return place < all.size() ? all[place] : kNone;
  }
};

/// Tensors that hold a number that is none are left out, as are records of ids that the run lacks.
ForwardStep forward_step(const RunInfo& info, const StepRecord& step);

/// The layer whose output the loss reads.
LayerId output_layer(const RunInfo& info);

/// What the loss is without a look at the input, on the training part: RunInfo::baseline, else what
/// follows from the classes or from the deviation of the targets. NaN where neither is known.
double baseline_loss(const RunInfo& info);

}  // namespace plumb
