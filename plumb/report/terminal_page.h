// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plumb/report/terminal.h"

namespace plumb {

enum class Ink { plain, faint, strong, good, warning, bad };

/// Collects the lines of a terminal report; knows the width, the character set and whether to
/// colour. Private to report/.
class Page {
 public:
  static constexpr int kMinWidth = 60;

  explicit Page(const TerminalOptions& options);

  int width() const { return width_; }
  bool unicode() const { return options_.unicode; }
  std::string clean(std::string_view text) const;
  std::string ink(std::string_view text, Ink ink) const;

  void line(std::string_view text = {});
  /// A paragraph indented by `indent`, with `head` (shorter than that) in the margin of its first
  /// line.
  void paragraph(std::string_view head, std::string_view body, int indent,
                 Ink head_ink = Ink::plain);

  std::string take();

 private:
  int width_;
  TerminalOptions options_;
  std::string text_;
};

}  // namespace plumb
