// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    Layers with weights follow each other with nothing between them that is not linear:
///            together they can do no more than one of them.
/// Measured   The structure: on the chain, pairs of linear layers with reshapes, dropout and
///            normalisations at most between them.
/// Threshold  No activation between any of them: a warning. A single pair among others is a note:
///            a narrow layer that factorises a wide one is meant so.
/// Silent     for a layer of low rank written as two (LoRA, a factorised embedding), whose middle
///            is at most half as wide as either end; where anything between them is not taken apart (a pooling, an attention, a join).
/// Advice     add_activation.
void check_no_activation(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
