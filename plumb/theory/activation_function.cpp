// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/activation_function.h"

#include <variant>

#include "plumb/core/error.h"
#include "plumb/kernels/activations/from_text.h"
#include "plumb/kernels/activations/table.h"

namespace plumb::theory {

namespace {

/// Of the identity; the network language means a dense layer by it.
constexpr std::string_view kLinear = "linear";

}  // namespace

const std::vector<std::string_view>& activation_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> result;
    for (const ActivationRow& row : activation_table()) result.push_back(row.name);
    return result;
  }();
  return names;
}

bool knows_activation(std::string_view text) {
  const std::string_view name = first_word(text);
  return name == kLinear || find_activation(name) != nullptr;
}

ActivationFunction make_activation(std::string_view text) {
  const std::string_view name = first_word(text);
  if (name == "softmax") {
    throw SpecError(
        "activation 'softmax': not elementwise: each of its outputs depends on all inputs, "
        "expected "
        "a function of one number such as tanh");
  }
  std::string known(text);
  if (name == kLinear) known.replace(text.find(kLinear), kLinear.size(), "identity");
  ActivationDefinition f = activation_from_text(known);
  return std::visit(
      [&](const auto& op) {
        return ActivationFunction{
            .name = std::string(text),
            .value = [op](double x) { return op.value(x); },
            .derivative = [op](double x) { return op.vjp(x, op.value(x), 1.0); },
            .second_derivative = std::move(f.second_derivative),
            .kinks = std::move(f.kinks),
            .scale = f.scale,
            .growth = f.growth};
      },
      f.op);
}

}  // namespace plumb::theory
