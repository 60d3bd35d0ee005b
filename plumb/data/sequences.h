// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/data/dataset.h"

namespace plumb {

struct SequenceOptions {
  std::int64_t t = 100;  ///< how far the memory must reach, in steps; at least 2
  std::int64_t n = 10000;
};

/// The adding problem: a sequence of numbers of which two are marked; the target is their sum.
///
///   x_s = (u_s, m_s),  u_s ~ U[0, 1);  m_s = 1 at one step of the first floor(t / 2) steps and at
///   one step of the rest, 0 elsewhere;  y = sum of u_s m_s
///
/// Always saying 1 costs a mean squared error of Var(u + u') = 1/6 (1/12 of the loss mse, which
/// halves squares).
///
/// Shapes  x [n, t, 2], y [n, 1].
/// Threads The bits depend on seed and sample alone: a larger n begins with the same samples.
/// Source  Hochreiter and Schmidhuber 1997, experiment 4, in the form of Arjovsky, Shah, Bengio
///         2016, arXiv:1511.06464, 5.1.
Dataset make_adding(const SequenceOptions& options, std::uint64_t seed);

/// Copy memory: ten symbols are shown, and are to be told again t steps later.
///
///   shown   ten symbols of 0..7, t - 1 blanks (8), the sign (9), ten blanks; one-hot
///   wanted  t + 10 blanks, then the ten symbols; a label for each of the t + 20 steps
///
/// Blanks and then random symbols cost 10 ln 8 / (t + 20) nats a step.
///
/// Shapes  x [n, t + 20, 10]; labels [n, t + 20] of 9 classes.
/// Threads As make_adding.
/// Source  Hochreiter and Schmidhuber 1997; Arjovsky, Shah, Bengio 2016, arXiv:1511.06464, 5.2.
Dataset make_copy(const SequenceOptions& options, std::uint64_t seed);

}  // namespace plumb
