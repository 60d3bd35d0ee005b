// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::theory {

/// A place where the derivative of an activation jumps (slope_jump = f'(at+) - f'(at-)) or, with a
/// jump of 0, where a higher derivative does. Integrals are split there.
struct Kink {
  double at = 0;
  double slope_jump = 0;
};

/// An activation f as mean-field theory sees it. The derivatives are those almost everywhere; what
/// f'' has of point masses is in the kinks.
///
/// `scale` is the length on which f changes: it is analytic in the disc of that radius around every
/// real point that is no kink, and the more so the farther from the origin. The integrals rely on
/// it. One of your own is made by filling in the members.
struct Activation {
  std::string name;
  std::function<double(double)> value;
  std::function<double(double)> derivative;
  std::function<double(double)> second_derivative;
  std::vector<Kink> kinks;
  double scale = 1;
};

/// One of the engine's activations, as the network language writes it: "tanh", "leaky_relu 0.2",
/// "elu 1.5", "gelu approximate=tanh", "hardtanh -2 2"; the popular names logistic and swish too.
/// prelu stands for its start, slope 0.25. Values and derivatives are those of kernels/ref in
/// double.
/// Errors  SpecError for an unknown name or arguments that the activation does not take.
Activation make_activation(std::string_view text);

/// Whether make_activation knows the first word of `text`.
bool knows_activation(std::string_view text);

/// The names that make_activation knows, for messages and help.
const std::vector<std::string_view>& activation_names();

}  // namespace plumb::theory
