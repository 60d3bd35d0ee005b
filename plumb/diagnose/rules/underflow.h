// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Gradients that float16 rounds to zero, since they are below half of its smallest
///            number.
/// Measured   Of every layer's flow gradient whose values are those of float16, the part that was
///            lost (half_underflow.h). Values are as they were in memory: with a loss scale, of the
///            scaled gradient. Zeros that an activation makes are not counted.
/// Threshold  A quarter of one layer's values; half of them is critical. In the first measured step
///            or two one after another; not where the loss is next to nothing.
/// False alarms  None known. A network may learn in spite of it: a note then.
/// Advice     A scaled loss (GradScaler), or bfloat16, which has the range of float.
/// Source     Micikevicius et al. 2018, "Mixed precision training", section 3.2.
void check_underflow(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
