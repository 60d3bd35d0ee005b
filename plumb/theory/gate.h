// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb::theory {

/// The value sigmoid(bias) of a gate at initialisation, when the rest of its argument is near 0:
/// what an LSTM keeps of its cell in a step, and, with -bias, what a highway layer carries.
double gate_value(double bias);

/// Steps (or layers) after which half is left of something multiplied by `keep` each time:
/// ln(1/2) / ln keep. 0 for keep = 0, infinite for 1.
double half_life(double keep);

/// Steps for one e-fold, 1 / (1 - keep) to first order: the memory that chrono initialisation sets.
/// With a forget bias ln u it is 1 + u.
/// Source  Tallec and Ollivier 2018, arXiv:1804.11188.
double gate_memory(double bias);

}  // namespace plumb::theory
