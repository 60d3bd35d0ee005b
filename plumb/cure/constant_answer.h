// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/data/dataset.h"

namespace plumb {

/// What the best answer that looks at no input has on these samples.
struct ConstantAnswer {
  double loss = 0;      ///< entropy of the classes, variance of the targets; NaN for other losses
  double accuracy = 0;  ///< of the most frequent class; NaN for values
};

/// `loss` as RunInfo::loss (nn/loss.h). NaN where it has none in closed form.
ConstantAnswer constant_answer(const Dataset& data, const std::string& loss);

}  // namespace plumb
