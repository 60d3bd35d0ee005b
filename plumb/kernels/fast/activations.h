// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/derivative_scan.h"
#include "plumb/kernels/ref/gelu.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/smooth.h"

/// Vector kernels of the activations in float, for the widest instruction set found at run time.
/// Overloaded on the functor of kernels/ref, which is also their definition and carries their
/// constants; an activation that is not here runs as the plain loop (kernels/elementwise.h).
///
///   forward: y[i] = f(x[i])
///   vjp:     grad_x[i] = grad_y[i] f'(x[i]), y = f(x); a null grad_y stands for ones
///   scan:  what vjp of ones would give, read in registers; stops at what is not usual
///
/// Any length, any alignment of float; grad_x may be grad_y. NaN passes through, denormals are
/// kept. forward is within 4 units in the last place of the double reference over all floats; vjp
/// is within 8 float epsilons of sup |f'| |grad_y|, where f' has no bound of |f' grad_y|.
namespace plumb::fast {

#define PLUMB_DECLARE_ACTIVATION(Name)                                                         \
  void forward(const ref::Name& op, const float* x, float* y, std::int64_t count);             \
  void vjp(const ref::Name& op, const float* x, const float* y, const float* grad_y,           \
           float* grad_x, std::int64_t count);                                                 \
  DerivativeScan scan(const ref::Name& op, const float* x, const float* y, std::int64_t count, \
                      float limit);
PLUMB_DECLARE_ACTIVATION(Identity)
PLUMB_DECLARE_ACTIVATION(Relu)
PLUMB_DECLARE_ACTIVATION(LeakyRelu)
PLUMB_DECLARE_ACTIVATION(Hardtanh)
PLUMB_DECLARE_ACTIVATION(Hardswish)
PLUMB_DECLARE_ACTIVATION(Sigmoid)
PLUMB_DECLARE_ACTIVATION(Tanh)
PLUMB_DECLARE_ACTIVATION(ScaledElu)
PLUMB_DECLARE_ACTIVATION(Exponential)
PLUMB_DECLARE_ACTIVATION(Celu)
PLUMB_DECLARE_ACTIVATION(Silu)
PLUMB_DECLARE_ACTIVATION(Mish)
PLUMB_DECLARE_ACTIVATION(Softplus)
PLUMB_DECLARE_ACTIVATION(Softsign)
PLUMB_DECLARE_ACTIVATION(Gelu)
PLUMB_DECLARE_ACTIVATION(GeluTanh)
#undef PLUMB_DECLARE_ACTIVATION

}  // namespace plumb::fast
