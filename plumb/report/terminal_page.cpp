// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "plumb/report/text.h"

namespace plumb {

Page::Page(const TerminalOptions& options)
    : width_(std::max(options.width, kMinWidth)), options_(options) {}

std::string Page::clean(std::string_view text) const { return printable(text, !options_.unicode); }

std::string Page::ink(std::string_view text, Ink ink) const {
  if (!options_.colour || ink == Ink::plain) return std::string(text);
  static constexpr const char* kCodes[] = {"0", "2", "1", "32", "33", "1;31"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(ink)], text);
}

void Page::line(std::string_view text) {
  const std::size_t end = text.find_last_not_of(' ');
  text_ += text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  text_ += '\n';
}

void Page::paragraph(std::string_view head, std::string_view body, int indent, Ink head_ink) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  bool first = true;
  for (const auto& text : wrap(clean(body), width_ - indent)) {
    line(first ? ink(head, head_ink) + margin.substr(std::min(head.size(), margin.size())) + text
               : margin + text);
    first = false;
  }
}

std::string Page::take() { return std::move(text_); }

}  // namespace plumb
