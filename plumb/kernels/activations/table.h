// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "plumb/kernels/activations/definition.h"

namespace plumb {

inline constexpr std::size_t kMostActivationNumbers = 2;

/// What stands behind an activation's name in the network language.
struct ActivationArguments {
  std::array<double, kMostActivationNumbers> numbers{};  ///< those not given have their defaults
  std::size_t given = 0;                                 ///< how many were given
  std::string_view word;                                 ///< the option's value
};

/// One elementwise activation: what it is called, what it takes, what it is.
struct ActivationRow {
  struct Number {
    std::string_view what;  ///< "the slope": its name in errors
    double otherwise = 0;   ///< its value where it is not given
  };

  std::string_view name;        ///< as in the network language and in Layer::kind()
  std::string_view alias = {};  ///< a popular other name, or empty
  std::string_view usage;       ///< "elu [ALPHA=1]"
  std::string_view summary;     ///< "y = x for x > 0, ALPHA (e^x - 1) otherwise"
  std::vector<Number> numbers = {};
  std::string_view option = {};              ///< the key of its one option, or empty
  std::vector<std::string_view> words = {};  ///< what the option may be; the first is the default
  /// Texts that together reach all that `define` can give. The tests walk them.
  std::vector<std::string_view> examples = {};
  /// What is wrong with the arguments and what was expected; empty if nothing is. Null: any will
  /// do.
  std::string_view (*problem)(const ActivationArguments&) = nullptr;
  ActivationDefinition (*define)(const ActivationArguments&) = nullptr;

  ActivationArguments defaults() const;
};

/// Every elementwise activation, in the order of the manual (table.cpp). The layers, the theory,
/// the traits in records and the lists of the tests are made from these rows; prelu, whose slope is
/// learned, stands for its start.
/// Threads Any.
std::span<const ActivationRow> activation_table();

/// By name or alias; null if there is none.
const ActivationRow* find_activation(std::string_view name);

}  // namespace plumb
