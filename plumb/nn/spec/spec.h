// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// The network language: one short string describes any network.
///
///   chain   := item { '>' item }
///   item    := layer | repeat | res
///   layer   := name { argument } { key '=' value }       dense 128 bias=false   leaky_relu 0.2
///   repeat  := count 'x' ( '[' chain ']' | layer | res )  30 x [dense 128 > sigmoid]
///   res     := ('res' | 'highway') { key '=' value | flag } '[' chain ']'
///              y = shortcut(x) + scale * chain(x), or T chain(x) + (1 - T) x with a learned gate T
///
/// Whitespace is free, line breaks included ("30x[" reads like "30 x ["). Words are made of
/// letters, digits and . _ + -; names are lower case. Popular aliases are accepted where the layer
/// table says so. A repeat directly inside a repeat needs brackets. This is a plain syntax tree: it
/// knows no layer, only the grammar. Remedies rewrite it.

/// A word with its place in the text, for carets.
struct SpecWord {
  std::string text;
  std::size_t column = 0;  ///< zero-based offset in the source text
};

struct SpecOption {
  SpecWord key;
  SpecWord value;  ///< text is empty for a flag
};

struct SpecItem {
  enum class Kind : std::uint8_t { layer, repeat, residual };
  Kind kind = Kind::layer;
  SpecWord name;                    ///< "dense", "res", "highway"; of a repeat: its count as text
  std::vector<SpecWord> arguments;  ///< positional
  std::vector<SpecOption> options;
  std::int64_t count = 1;          ///< of a repeat
  std::vector<SpecItem> children;  ///< body of a repeat or a res
};

struct Spec {
  std::string text;  ///< the source, for error messages
  std::vector<SpecItem> items;
};

/// Errors  SpecError in three lines: what is wrong and what was expected, the text, a caret under the column:
///           network: unknown character '&', expected a layer, '>' or ']'
///             dense 128 & relu
///                       ^
///         Sizes are limited before memory is taken: more than kMaxLayers layers with all repeats
///         written out (a res counts as one more than its body), or more than kMaxDepth nested
///         brackets, are refused. A long text is shown as a part around the caret.
Spec parse_spec(std::string_view text);
inline constexpr std::int64_t kMaxLayers = 100000;
inline constexpr int kMaxDepth = 64;

/// The normal form: single spaces, repeats and options kept as written, brackets around a repeat's
/// body only where they are needed. parse(to_string(s)) equals s but for columns.
std::string to_string(const Spec& spec);
std::string to_string(const SpecItem& item);

/// The chain with every repeat written out (res stays nested, its children expanded too).
/// Errors  SpecError above kMaxLayers, for trees that were rewritten by hand.
std::vector<SpecItem> expand(const Spec& spec);

/// The three-line message that every later stage uses to complain about a word of the network
/// string.
[[noreturn]] void throw_spec_error(const std::string& text, std::size_t column,
                                   const std::string& message);

}  // namespace plumb
