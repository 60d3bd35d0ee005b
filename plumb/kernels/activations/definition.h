// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "plumb/core/activation_traits.h"
#include "plumb/kernels/ref/gelu.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/smooth.h"

namespace plumb {

/// A place where the derivative of an activation jumps (slope_jump = f'(at+) - f'(at-)) or, with a
/// jump of 0, where a higher derivative does.
struct Kink {
  double at = 0;
  double slope_jump = 0;
};

/// The kernels that activations are made of: functors of kernels/ref, on which the vector kernels
/// are overloaded (kernels/fast/activations.h).
using ActivationOp =
    std::variant<ref::Identity, ref::Relu, ref::LeakyRelu, ref::Hardtanh, ref::Hardswish,
                 ref::Sigmoid, ref::Tanh, ref::ScaledElu, ref::Exponential, ref::Celu, ref::Silu,
                 ref::Mish, ref::Softplus, ref::Softsign, ref::Gelu, ref::GeluTanh>;

/// All that is to be known of one elementwise activation f, its arguments filled in. f and f' are
/// the op's value and vjp; f'' is that almost everywhere, what it has of point masses is in the
/// kinks.
struct ActivationDefinition {
  ActivationOp op = {};
  std::function<double(double)> second_derivative = {};
  std::vector<Kink> kinks = {};
  /// The length on which f changes: f is analytic in the disc of that radius around every real
  /// point that is no kink, and the more so the farther from the origin.
  double scale = 1;
  /// f and its derivatives grow at most as e^(growth x) for x -> infinity; 0: as a polynomial.
  double growth = 0;
  ActivationTraits traits = {};
};

}  // namespace plumb
