// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    The network fits the samples that it has seen and does not carry over to others.
/// Measured   The last validation against the training at the end, both in use where that is known
///            (StepRecord::inference_loss).
/// Silent     below Learning::kSomeSteps steps: of one batch alone no noise is known.
/// Threshold  Of what the training part gained on the baseline the validation part lacks more than
///            a half by the loss, or by the accuracy where there is one. Our choice:
///            docs/rules/overfitting.md. Not where so few validation samples say nothing: of the
///            standard error of their loss (the constant answer's, Baseline::loss_deviation) the
///            lack has to be three, or what was learned two where the accuracy counts. It is a note: no gradient is to blame, and many a network
///            that is used has it. A warning where nothing of it holds for others and nothing ever
///            did: no validation was better than the constant answer by the loss (kLearned), the
///            last one is not by the accuracy, beyond two standard errors, and it has 50 samples.
/// False alarms  Validation data of another kind than the training data.
/// Advice     More data, a smaller or more restrained network, an earlier end.
void check_overfitting(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
