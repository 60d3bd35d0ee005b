// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>

#include "plumb/cli/completion.h"

namespace plumb::cli {

namespace {

constexpr const char* kBegin =
    R"(# fish completion of plumb; use it with: plumb completion fish | source
function __plumb_command --description 'whether the command is one of these; without any, whether there is none yet'
  set -l words (commandline -opc)
  if test (count $argv) -eq 0
    test (count $words) -eq 1
  else
    test (count $words) -gt 1; and contains -- $words[2] $argv
  end
end
complete -c plumb -n __plumb_command -f
complete -c plumb -n __plumb_command -l version -d 'Print the version'
)";

std::string quoted(std::string_view text) {
  std::string escaped = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped + "'";
}

std::string option_line(const std::string& command, const OptionInfo& option) {
  std::string line = fmt::format("complete -c plumb -n '__plumb_command {}'", command);
  for (const std::string& spelling : option.spellings) {
    const bool is_long = spelling.starts_with("--");
    line += fmt::format(" -{} {}", is_long ? 'l' : 's', spelling.substr(is_long ? 2 : 1));
  }
  if (!option.value.empty()) {
    line += option.words.empty()
                ? " -r -F"
                : fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(option.words, " "))));
  }
  return line + " -d " + quoted(option.help) + "\n";
}

std::string command_lines(const CommandInfo& command) {
  const std::string begin =
      fmt::format("complete -c plumb -n '__plumb_command {}' -f -a ", command.name);
  std::string lines;
  for (const CommandInfo& part : command.commands) {
    lines += begin + part.name + " -d " + quoted(part.help) + "\n";
  }
  if (!command.argument_words.empty()) {
    lines += begin + quoted(fmt::format("{}", fmt::join(command.argument_words, " "))) + "\n";
  }
  for (const OptionInfo& option : options_with_those_below(command)) {
    lines += option_line(command.name, option);
  }
  return lines;
}

}  // namespace

std::string fish_completion(const CommandInfo& program) {
  std::string script = kBegin;
  for (const CommandInfo& command : program.commands) {
    script += fmt::format("complete -c plumb -n __plumb_command -a {} -d {}\n", command.name,
                          quoted(command.help));
  }
  for (const CommandInfo& command : program.commands) script += command_lines(command);
  return script;
}

}  // namespace plumb::cli
