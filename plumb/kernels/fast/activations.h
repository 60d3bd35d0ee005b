// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/derivative_survey.h"
#include "plumb/kernels/ref/gelu.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/smooth.h"

/// Vector kernels of the activations in float, for the widest instruction set found at run time.
/// Overloaded on the functor of kernels/ref, which is also their definition and carries their
/// constants; an activation that is not here runs as the plain loop (kernels/elementwise.h).
///
///   forward: y[i] = f(x[i])
///   vjp:     grad_x[i] = grad_y[i] f'(x[i]), y = f(x); a null grad_y stands for ones
///   survey:  what vjp of ones would give, looked at in registers; stops at what is not usual
///
/// Any length, any alignment of float; grad_x may be grad_y. NaN passes through, denormals are
/// kept. forward is within 4 units in the last place of the double reference over all floats; vjp
/// is within 8 float epsilons of sup |f'| |grad_y|.
namespace plumb::fast {

// clang-format off
void forward(const ref::Identity& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Relu& op, const float* x, float* y, std::int64_t count);
void forward(const ref::LeakyRelu& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Hardtanh& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Sigmoid& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Tanh& op, const float* x, float* y, std::int64_t count);
void forward(const ref::ScaledElu& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Silu& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Softplus& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Softsign& op, const float* x, float* y, std::int64_t count);
void forward(const ref::Gelu& op, const float* x, float* y, std::int64_t count);
void forward(const ref::GeluTanh& op, const float* x, float* y, std::int64_t count);

void vjp(const ref::Identity& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Relu& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::LeakyRelu& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Hardtanh& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Sigmoid& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Tanh& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::ScaledElu& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Silu& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Softplus& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Softsign& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::Gelu& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);
void vjp(const ref::GeluTanh& op, const float* x, const float* y, const float* grad_y, float* grad_x, std::int64_t count);

DerivativeSurvey survey(const ref::Identity& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Relu& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::LeakyRelu& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Hardtanh& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Sigmoid& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Tanh& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::ScaledElu& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Silu& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Softplus& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Softsign& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::Gelu& op, const float* x, const float* y, std::int64_t count, float limit);
DerivativeSurvey survey(const ref::GeluTanh& op, const float* x, const float* y, std::int64_t count, float limit);
// clang-format on

}  // namespace plumb::fast
