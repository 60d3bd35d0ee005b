// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/activation.h"

#include <algorithm>
#include <variant>

namespace plumb {

ActivationArguments read_activation_arguments(const ActivationRow& row, SpecArguments& arguments) {
  ActivationArguments result = row.defaults();
  for (std::size_t i = 0; i < row.numbers.size(); ++i) {
    if (const auto number = arguments.number(i, row.numbers[i].what)) {
      result.numbers[i] = *number;
      ++result.given;
    }
  }
  if (!row.option.empty()) {
    if (const auto word = arguments.one_of(row.option, row.words)) {
      result.word = *std::find(row.words.begin(), row.words.end(), *word);
    }
  }
  if (row.problem != nullptr) {
    const std::string_view problem = row.problem(result);
    if (!problem.empty()) arguments.fail(std::string(problem));
  }
  arguments.done();
  return result;
}

std::unique_ptr<Layer> make_activation(LayerRequest& request) {
  const ActivationRow& row = *find_activation(request.arguments.item().name.text);
  const ActivationDefinition f = row.define(read_activation_arguments(row, request.arguments));
  return std::visit(
      [&]<class Op>(const Op& op) -> std::unique_ptr<Layer> {
        return std::make_unique<Activation<Op>>(row.name, op, f.traits);
      },
      f.op);
}

}  // namespace plumb
