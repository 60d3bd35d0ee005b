// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/kernels/activations/definition.h"

namespace plumb::theory {

/// An activation f as mean-field theory sees it; see ActivationDefinition, of which the integrals
/// are split at the kinks and rely on the scale. One of your own is made by filling in the members.
struct ActivationFunction {
  std::string name;
  std::function<double(double)> value;
  std::function<double(double)> derivative;
  std::function<double(double)> second_derivative;
  std::vector<Kink> kinks;
  double scale = 1;
  double growth = 0;
};

/// One of the engine's activations, as the network language writes it: "tanh", "leaky_relu 0.2",
/// "elu 1.5", "gelu approximate=tanh", "hardtanh -2 2"; the popular names logistic and swish too,
/// and linear for the identity. prelu stands for its start. Values and derivatives are those of
/// kernels/ref in double. They all come from the table, plumb/kernels/activations/table.h.
/// Errors  SpecError for an unknown name or arguments that the activation does not take, and for
///         softmax, which is no function of one number.
ActivationFunction make_activation(std::string_view text);

/// Whether make_activation knows the first word of `text`.
bool knows_activation(std::string_view text);

/// The names that make_activation knows, for messages and help.
const std::vector<std::string_view>& activation_names();

}  // namespace plumb::theory
