// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/tty.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

namespace plumb::cli {

namespace {

constexpr int kPipeWidth = 80;
constexpr long kWidest = 10'000;  // more is no terminal

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int columns(int descriptor) {
  const long asked = std::strtol(environment("COLUMNS").c_str(), nullptr, 10);
  if (asked > 0) return static_cast<int>(std::min(asked, kWidest));
  winsize window{};
  if (ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
  return kPipeWidth;
}

}  // namespace

bool stdout_is_terminal() { return isatty(STDOUT_FILENO) != 0; }
bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

bool stderr_can_redraw() { return stderr_is_terminal() && environment("TERM") != "dumb"; }

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = environment(name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

TerminalOptions terminal_options() {
  TerminalOptions options;
  options.width = columns(STDOUT_FILENO);
  options.colour =
      stdout_is_terminal() && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  options.unicode = locale_is_utf8();
  return options;
}

int progress_width() { return columns(STDERR_FILENO); }

}  // namespace plumb::cli
