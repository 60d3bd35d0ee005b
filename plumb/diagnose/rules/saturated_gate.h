// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/diagnose/rule.h"

namespace plumb {

/// Symptom    What a recurrent layer writes, keeps or shows is stuck in the flat ends of its gates.
/// Measured   The fraction of a gate's values whose own derivative is below kSaturatedDerivative of
///            the largest, over batch, units and time steps: both ends of h in a plain tanh
///            recurrence, of the cell gate and of the new gate; the lower end of the output gate (the
///            cell is mute) and of the forget gate (nothing is kept).
///            Left out, because a good memory looks so: a forget or update gate that is open, an
///            input gate that is shut, a reset gate at either end. Even a memory is written once in a
///            sequence of T steps: an input gate with a mean below 1 / (kWrites T), an update gate as
///            near to 1, lets nothing in.
/// Cause      From the start on: what stands in the gate's input, its biases, the weights, or x
///            (their sizes, as rms(W) sqrt(fan_in) for a weight). Else what training did.
/// Threshold  Half of the values; 9 in 10 is critical. Our choice, that of saturated_activation:
///            docs/rules/saturated_gate.md. Shown by the first measured step, or by two one after
///            another.
///            What training made of them is a note in a network that went a fifth of the way from the
///            baseline and has not lost it: late in a good training candidates are near -1 and 1.
/// False alarms  The same in a training that has not come as far yet.
/// Advice     Smaller inputs and weights, a lower rate.
void check_saturated_gate(const RunView& view, std::vector<Finding>& findings);

/// A gate that writes an eighth of what one write in the whole sequence is. Our choice.
inline constexpr double kWrites = 8;

/// Whether the upper flat end counts as well: not of the output gate and the forget gate, which may
/// be open.
bool is_judged_at_both_ends(TimeQuantity gate);

}  // namespace plumb
