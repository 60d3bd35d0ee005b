// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/nn/spec/spec.h"

namespace plumb {

/// Typed access to one item's arguments and options, with caret errors. A layer's factory reads
/// what it knows and then calls done(), which refuses everything that was not read:
///   network: dense has no option 'bais', expected bias
/// Numbers are finite; positive integers end at kMaxInteger, so that a product of two fits.
class SpecArguments {
 public:
  SpecArguments(const std::string& text, const SpecItem& item) : text_(text), item_(item) {}
  SpecArguments(const std::string&&, const SpecItem&) = delete;  ///< would dangle
  SpecArguments(const std::string&, const SpecItem&&) = delete;
  SpecArguments(const std::string&&, const SpecItem&&) = delete;

  const SpecItem& item() const { return item_; }
  static constexpr std::int64_t kMaxInteger = 2147483647;

  /// Positional argument `index`; `what` names it in errors ("the number of units").
  std::int64_t positive_integer(std::size_t index, std::string_view what);
  /// "3x5" is {3, 5}, "3" is {3, 3}: a kernel or a window.
  std::array<std::int64_t, 2> positive_pair(std::size_t index, std::string_view what);
  /// nullopt when there is no such argument.
  std::optional<double> number(std::size_t index, std::string_view what);
  /// Options: nullopt / fallback when absent.
  /// true/false/1/0, or the bare key for true.
  bool boolean(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t minimum);
  double number(std::string_view key, double fallback);
  /// "2x1" is {2, 1}, "2" is {2, 2}: a stride or a padding.
  std::array<std::int64_t, 2> pair(std::string_view key,
                                   const std::array<std::int64_t, 2>& fallback,
                                   std::int64_t minimum);
  /// Any word when `allowed` is empty.
  std::optional<std::string> word(std::string_view key,
                                  std::initializer_list<std::string_view> allowed) {
    return one_of(key, {allowed.begin(), allowed.size()});
  }
  std::optional<std::string> one_of(std::string_view key,
                                    std::span<const std::string_view> allowed);
  /// Whether the option is there, with any value.
  bool has(std::string_view key) const;
  /// An option that may be written as a flag: "true" for the bare word, empty when absent or false,
  /// else one of `allowed`.
  std::string flag_or_word(std::string_view key, std::initializer_list<std::string_view> allowed);
  void done();
  /// Complains about the item, with the caret under its name: "network: NAME: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  const SpecWord* argument(std::size_t index);
  const SpecOption* option(std::string_view key);
  std::int64_t to_integer(const SpecWord& at, std::string_view digits, std::string_view what,
                          std::int64_t minimum) const;
  std::array<std::int64_t, 2> to_pair(const SpecWord& at, std::string_view what,
                                      std::int64_t minimum) const;
  double to_number(const SpecWord& at, std::string_view what) const;
  [[noreturn]] void refuse(const SpecWord& at, std::string_view what,
                           const std::string& expected) const;

  const std::string& text_;
  const SpecItem& item_;
  std::size_t arguments_read_ = 0;
  std::vector<std::string> known_keys_;
  std::vector<std::string> flags_read_;
};

}  // namespace plumb
