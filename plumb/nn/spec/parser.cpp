// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <utility>

#include "plumb/nn/spec/join_names.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/nn/spec/tokens.h"

namespace plumb {

namespace {

using Kind = SpecToken::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view word) {
  if (word.empty() || !((word[0] >= 'a' && word[0] <= 'z') || word[0] == '_')) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Recursive descent; `layers` of a call are the layers of its result with repeats written out.
class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text), tokens_(tokenise(text)) {}

  std::vector<SpecItem> parse() {
    std::int64_t layers = 0;
    std::vector<SpecItem> items = chain(layers);
    if (now().kind == Kind::close) fail("']' without a '['");
    if (now().kind != Kind::end) fail(found() + ", expected '>'");
    return items;
  }

 private:
  const SpecToken& now() const { return tokens_[position_]; }
  /// Never moves past the end token.
  SpecToken take() { return tokens_[position_ + 1 < tokens_.size() ? position_++ : position_]; }

  [[noreturn]] void fail(const std::string& message) const { fail(now().word.column, message); }
  [[noreturn]] void fail(std::size_t column, const std::string& message) const {
    throw_spec_error(text_, column, message);
  }
  std::string found() const {
    return now().kind == Kind::end ? "the text ends" : "found '" + now().word.text + "'";
  }

  void add_layers(std::int64_t& total, std::int64_t more, std::size_t column) const {
    total += more;  // both are at most kMaxLayers
    if (total > kMaxLayers) {
      fail(column,
           "more layers than the limit of " + std::to_string(kMaxLayers) + ", expected fewer");
    }
  }

  std::vector<SpecItem> chain(std::int64_t& layers) {
    std::vector<SpecItem> items;
    while (true) {
      const std::size_t column = now().word.column;
      std::int64_t more = 0;
      items.push_back(item(more));
      add_layers(layers, more, column);
      if (now().kind != Kind::next) return items;
      take();
    }
  }

  std::vector<SpecItem> bracketed(std::int64_t& layers) {
    const SpecToken open = take();
    if (++depth_ > kMaxDepth) {
      fail(open.word.column, "more than " + std::to_string(kMaxDepth) + " nested brackets");
    }
    std::vector<SpecItem> items = chain(layers);
    if (now().kind != Kind::close) {
      if (now().kind != Kind::end) fail(found() + ", expected '>' or ']'");
      fail(open.word.column, "'[' is never closed, expected ']'");
    }
    take();
    --depth_;
    return items;
  }

  SpecItem item(std::int64_t& layers) {
    if (now().kind != Kind::word) fail(found() + ", expected a layer");
    if (is_digit(now().word.text[0])) return repeat(layers);
    return layer_or_residual(layers);
  }

  /// "30 x [", "30x [", "30x dense" and "30xdense" are the same: a word that holds more than the
  /// part asked for is cut in two.
  SpecWord cut(std::size_t length) {
    SpecWord& word = tokens_[position_].word;
    SpecWord head{word.text.substr(0, length), word.column};
    word.text.erase(0, length);
    word.column += length;
    if (word.text.empty()) take();
    return head;
  }

  SpecItem repeat(std::int64_t& layers) {
    const std::string& text = now().word.text;
    const auto digits_end = std::find_if_not(text.begin(), text.end(), is_digit);
    const SpecWord count = cut(static_cast<std::size_t>(digits_end - text.begin()));
    if (now().kind != Kind::word || now().word.text[0] != 'x') {
      fail(found() + ", expected 'x' after the count " + count.text);
    }
    cut(1);

    SpecItem item;
    item.kind = SpecItem::Kind::repeat;
    const char* const end = count.text.data() + count.text.size();
    const bool fits = std::from_chars(count.text.data(), end, item.count).ec == std::errc();
    if (fits && item.count == 0) fail(count.column, "a count of 0, expected 1 or more");

    std::int64_t body = 0;
    if (now().kind == Kind::open) {
      item.children = bracketed(body);
    } else if (now().kind == Kind::word && is_digit(now().word.text[0])) {
      fail("found '" + now().word.text + "', expected a layer, or brackets around a repeat");
    } else if (now().kind == Kind::word) {
      item.children.push_back(layer_or_residual(body));
    } else {
      fail(found() + ", expected a layer or '['");
    }
    if (!fits || item.count > kMaxLayers / body) {
      fail(count.column, count.text + " repeats make more layers than the limit of " +
                             std::to_string(kMaxLayers) + ", expected fewer");
    }
    item.name = {std::to_string(item.count), count.column};
    layers = item.count * body;
    return item;
  }

  SpecItem layer_or_residual(std::int64_t& layers) {
    SpecItem item;
    item.name = take().word;
    if (!is_name(item.name.text)) {
      const std::string small = lower(item.name.text);
      fail(item.name.column,
           "'" + item.name.text + "' is not a layer's name, expected " +
               (is_name(small) ? "'" + small + "'" : "lower-case letters, digits and '_'"));
    }
    const bool residual = is_join_name(item.name.text);
    item.kind = residual ? SpecItem::Kind::residual : SpecItem::Kind::layer;
    while (now().kind == Kind::word) word_of(item, residual);
    if (now().kind == Kind::equals) fail("'=' without a key before it, expected key=value");
    layers = 1;
    if (residual) {
      if (now().kind != Kind::open) fail(found() + ", expected '[' after " + item.name.text);
      item.children = bracketed(layers);
    } else if (now().kind == Kind::open) {
      fail("'[' after " + item.name.text + ", expected it after " + join_names_text() +
           " or a count only");
    }
    return item;
  }

  /// One argument, flag or key=value.
  void word_of(SpecItem& item, bool residual) {
    const SpecWord word = take().word;
    if (now().kind != Kind::equals) {
      if (residual) {
        add_option(item, {word, {"", word.column}});
      } else if (item.options.empty()) {
        item.arguments.push_back(word);
      } else {
        fail(word.column, "argument '" + word.text + "' after an option, expected it before '" +
                              item.options.front().key.text + "='");
      }
      return;
    }
    take();
    if (now().kind != Kind::word) {
      fail(found() + ", expected a value after '" + word.text + "='");
    }
    add_option(item, {word, take().word});
  }

  void add_option(SpecItem& item, SpecOption option) const {
    if (!is_name(option.key.text)) {
      fail(option.key.column, "'" + option.key.text + "' is not an option's name, expected " +
                                  "lower-case letters, digits and '_'");
    }
    for (const SpecOption& other : item.options) {
      if (other.key.text == option.key.text) {
        fail(option.key.column, "option '" + option.key.text + "' is given twice");
      }
    }
    item.options.push_back(std::move(option));
  }

  const std::string& text_;
  std::vector<SpecToken> tokens_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

Spec parse_spec(std::string_view text) {
  Spec spec;
  spec.text = text;
  spec.items = Parser(spec.text).parse();
  return spec;
}

}  // namespace plumb
