// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// `rate`, which must be given: a rate that is to be advised is measured (rate_sweep.h).
Rewritten set_rate(const Patient& patient, const CureArguments& arguments);

/// Linear warm-up over `steps`, a tenth of the training by default.
/// Applies  where there is none.
Rewritten warm_up(const Patient& patient, const CureArguments& arguments);

/// The same rate from beginning to end.
/// Applies  to any other schedule.
Rewritten use_constant_rate(const Patient& patient, const CureArguments& arguments);

/// A warm-up of a twentieth of the training.
/// Applies  where it is longer and the length of the training is known.
Rewritten shorten_warm_up(const Patient& patient, const CureArguments& arguments);

/// adam at 1e-3 without momentum or decay of its own kind.
/// Applies  to sgd and rmsprop.
/// Source   Kingma and Ba 2015, arXiv:1412.6980: the rate of algorithm 1.
Rewritten use_adam(const Patient& patient, const CureArguments& arguments);

/// momentum at most 0.9, beta1 0.9, beta2 0.999, rho 0.99, eps 1e-8.
/// Applies  where one of them is otherwise.
Rewritten usual_optimiser(const Patient& patient, const CureArguments& arguments);

/// Clips the gradient's norm at `at`, else at the usual norm that was measured.
/// Applies  where one of them is known, and nothing is clipped at a lower norm.
/// Source   Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063: a threshold from the average norm over
///          many updates, times 0.5 to 10; here once.
Rewritten clip_gradient(const Patient& patient, const CureArguments& arguments);

/// Applies  where clipping by norm or value is on.
Rewritten remove_clipping(const Patient& patient, const CureArguments& arguments);

/// At most 1e-4 (adamw: 1e-2), its usual value.
/// Applies  to a larger decay.
Rewritten lower_weight_decay(const Patient& patient, const CureArguments& arguments);

/// 32 samples a step, or all there are.
/// Applies  to smaller batches.
Rewritten enlarge_batch(const Patient& patient, const CureArguments& arguments);

/// A new order of the samples each epoch.
/// Applies  where they come in the order of the data.
/// Source   Bottou 2012, Stochastic Gradient Descent Tricks: randomly shuffle the examples.
Rewritten shuffle_samples(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
