// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/nn/spec/spec.h"

namespace plumb {

/// Typed access to one item's arguments and options, with caret errors. A layer's factory reads
/// what it knows and then calls done(), which refuses everything that was not read:
///   network: dense has no option 'bais', expected bias
class SpecArguments {
 public:
  SpecArguments(const std::string& text, const SpecItem& item) : text_(text), item_(item) {}

  const SpecItem& item() const { return item_; }
  /// Positional argument `index`; `what` names it in errors ("the number of units").
  std::int64_t positive_integer(std::size_t index, std::string_view what);
  std::optional<double> number(std::size_t index, std::string_view what);
  /// Options: nullopt / fallback when absent.
  bool boolean(std::string_view key, bool fallback);  ///< true/false/1/0, or a bare flag for true
  double number(std::string_view key, double fallback);
  std::optional<std::string> word(std::string_view key,
                                  std::initializer_list<std::string_view> allowed);
  void done();
  /// Complains about the item's name.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  const std::string& text_;
  const SpecItem& item_;
  std::size_t arguments_read_ = 0;
  std::vector<std::string> known_keys_;
};

}  // namespace plumb
