// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// lstm with `forget_bias`, or lstm and gru with `chrono`: gates that keep their state over the
/// length of the sequence from the start. Without arguments forget_bias=1. With `carry_bias` the
/// gates of all highways start at it.
/// Applies  to networks with lstm or gru layers; with `carry_bias` to those with highways.
/// Source   Jozefowicz et al. 2015; Tallec and Ollivier 2018, arXiv:1804.11188; Srivastava et al.
///          2015, arXiv:1507.06228.
Rewritten open_gates(const Patient& patient, const CureArguments& arguments);

/// rnn becomes `cell` (lstm) of the same width, with `chrono` where that is given.
/// Applies  to networks with rnn layers.
/// Source   Hochreiter and Schmidhuber 1997.
Rewritten use_gated_cell(const Patient& patient, const CureArguments& arguments);

/// recurrent=orthogonal, gain 1.
/// Applies  to recurrent layers that start otherwise.
/// Source   Saxe et al. 2013; Arjovsky et al. 2016.
Rewritten start_recurrence_orthogonally(const Patient& patient, const CureArguments& arguments);

/// rnn with `irnn`.
/// Source   Le, Jaitly, Hinton 2015, arXiv:1504.00941.
Rewritten start_recurrence_as_identity(const Patient& patient, const CureArguments& arguments);

/// Takes bptt away.
/// Applies  where the gradient is truncated.
Rewritten remove_truncation(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
