// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "plumb/cli/completion.h"

namespace plumb::cli {

namespace {

constexpr const char* kScript =
    R"(# bash completion of plumb; use it with: source <(plumb completion bash)
_plumb() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}}
  local command=${{COMP_WORDS[1]}} words= values=
  if [[ $current == "=" ]]; then
    current=
  elif [[ $option == "=" ]]; then
    option=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  if ((COMP_CWORD == 1)); then
    values="{} --help --version"
  else
    case $command in
{}    esac
    case "$command $option" in
{}    esac
  fi
  if [[ -z $values && $current == -* ]]; then
    values=$words
  elif [[ -z $values && $option != -* ]]; then
    case $command in
{}    esac
  fi
  if [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    [[ ${{COMPREPLY[0]}} == *[:=] ]] && compopt -o nospace 2>/dev/null
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -o filenames -F _plumb plumb
)";

using Words = std::vector<std::string>;

}  // namespace

std::string bash_completion(const CommandInfo& program) {
  Words commands;
  std::string options;
  std::string values;
  std::string arguments;
  for (const CommandInfo& command : program.commands) {
    commands.push_back(command.name);
    Words words;
    for (const OptionInfo& option : options_with_those_below(command)) {
      for (const std::string& spelling : option.spellings) {
        if (spelling.starts_with("--")) words.push_back(spelling);
      }
      if (option.words.empty() || option.value.empty()) continue;
      values += fmt::format("      \"{} {}\") values=\"{}\" ;;\n", command.name,
                            fmt::join(option.spellings, fmt::format("\"|\"{} ", command.name)),
                            fmt::join(option.words, " "));
    }
    options += fmt::format("      {}) words=\"{}\" ;;\n", command.name, fmt::join(words, " "));
    Words after;
    for (const CommandInfo& part : command.commands) after.push_back(part.name);
    after.insert(after.end(), command.argument_words.begin(), command.argument_words.end());
    if (after.empty()) continue;
    arguments += fmt::format("      {}) values=\"{}\" ;;\n", command.name, fmt::join(after, " "));
  }
  return fmt::format(fmt::runtime(kScript), fmt::join(commands, " "), options, values, arguments);
}

}  // namespace plumb::cli
