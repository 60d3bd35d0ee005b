// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// A --data text taken apart: KIND[:PATH][?KEY=VALUE[&KEY=VALUE...]]. The part before the first ':'
/// or '?' is the kind. A path may hold any character; only where options are allowed the
/// first '?' before a KEY= ends it, or the last one.
///
/// Errors  SpecError of three lines: what is wrong and what was expected, the text, a caret under
///         the place.
class SourceText {
 public:
  /// Reads the kind alone.
  explicit SourceText(std::string text);

  const std::string& text() const { return text_; }
  std::string_view kind() const { return std::string_view(text_).substr(0, kind_size_); }

  /// Reads the rest as ":PATH", which must not be empty, and options if they are allowed.
  void parse_path(std::string_view usage, bool with_options);
  /// Reads the rest as options alone.
  void parse_options(std::string_view usage);

  const std::string& path() const { return path_; }
  /// An option of the text; a key is one of the `keys` given to expect_keys.
  std::optional<std::string> word(std::string_view key) const;
  std::int64_t integer(std::string_view key, std::int64_t otherwise, std::int64_t low,
                       std::int64_t high) const;
  /// A finite number in [low, high].
  double number(std::string_view key, double otherwise, double low, double high) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// An error for any option that is not one of these, or is there twice.
  void expect_keys(const std::vector<std::string_view>& keys) const;

  /// Throws the error with the caret under byte `column` (from 0).
  [[noreturn]] void fail(std::size_t column, std::string_view message) const;
  /// The same, with the caret under the value of an option, or at the end if it is not there.
  [[noreturn]] void fail_at(std::string_view key, std::string_view message) const;

 private:
  struct Option {
    std::string key;
    std::string value;
    std::size_t key_column;
    std::size_t value_column;
  };
  const Option* find(std::string_view key) const;
  void read_options(std::size_t begin);

  std::string text_;
  std::size_t kind_size_;
  std::string path_;
  std::vector<Option> options_;
};

}  // namespace plumb
