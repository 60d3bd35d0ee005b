// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>

#include "plumb/cli/completion.h"

namespace plumb::cli {

namespace {

constexpr const char* kBegin =
    R"(#compdef plumb
# zsh completion of plumb; use it with: source <(plumb completion zsh)

# Offers words; one that ends in ':' or '=' wants more behind it, such as a file.
_plumb_words() {
  local whole=(${@:#*[:=]}) begun=(${(M)@:#*[:=]})
  (( $#whole )) && compadd -a whole
  (( $#begun )) && compadd -S '' -a begun
  local start
  for start in $begun; do
    if [[ $PREFIX == $start* && $start == *: ]]; then
      compset -P "$start"
      _files
    fi
  done
}

_plumb() {
  local curcontext=$curcontext state line
  typeset -A opt_args
)";

constexpr const char* kEnd = R"(}

# Sourced it is registered, from a folder of fpath it is called.
if [[ $funcstack[1] == _plumb ]]; then
  _plumb "$@"
elif (( $+functions[compdef] )); then
  compdef _plumb plumb
else
  autoload -Uz compinit && compinit && compdef _plumb plumb
fi
)";

/// Text inside a word in single quotes of which _arguments reads ':' , '[' and ']'.
std::string quoted(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\'') {
      escaped += R"('\'')";
    } else if (std::string_view(R"(:[]\)").find(letter) != std::string_view::npos) {
      escaped += '\\';
      escaped += letter;
    } else {
      escaped += letter == '\n' ? ' ' : letter;
    }
  }
  return escaped;
}

/// What stands behind the last ':' of a specification: where the values come from.
std::string action(const std::vector<std::string>& words) {
  if (words.empty()) return "_files";
  std::string list;
  for (const std::string& word : words) list += " " + quoted(word);
  return "{_plumb_words" + list + "}";
}

std::string option_lines(const CommandInfo& command, std::string_view indent) {
  std::string lines;
  for (const OptionInfo& option : command.options) {
    for (const std::string& spelling : option.spellings) {
      const bool is_long = spelling.starts_with("--");
      const std::string others =
          option.repeats ? "*" : fmt::format("({})", fmt::join(option.spellings, " "));
      const std::string value =
          option.value.empty() ? ""
                               : fmt::format(":{}:{}", quoted(option.value), action(option.words));
      lines += fmt::format(" \\\n{}'{}{}{}[{}]{}'", indent, others, spelling,
                           is_long && !option.value.empty() ? "=" : "", quoted(option.help), value);
    }
  }
  return lines;
}

/// _arguments of a command without others below it.
std::string arguments_call(const CommandInfo& command, std::string_view indent) {
  return fmt::format("{}_arguments -s{} \\\n{}  '*:argument:{}'\n", indent,
                     option_lines(command, std::string(indent) + "  "), indent,
                     action(command.argument_words));
}

/// A choice among the commands of `command`, whose own name is word `depth`, then what the chosen
/// one takes.
std::string commands_call(const CommandInfo& command, int depth, const std::string& indent) {
  std::string names;
  std::string cases;
  for (const CommandInfo& part : command.commands) {
    names += fmt::format("{}      '{}:{}'\n", indent, part.name, quoted(part.help));
    cases += fmt::format("{}    {})\n{}{}      ;;\n", indent, part.name,
                         part.commands.empty() ? arguments_call(part, indent + "      ")
                                               : commands_call(part, depth + 1, indent + "      "),
                         indent);
  }
  return fmt::format(
      "{0}if (( CURRENT == {1} )) && [[ $PREFIX != -* ]]; then\n"
      "{0}  local -a commands=(\n{2}{0}  )\n"
      "{0}  _describe command commands\n"
      "{0}elif (( CURRENT == {1} )); then\n"
      "{3}"
      "{0}else\n"
      "{0}  case $words[{4}] in\n{5}{0}  esac\n"
      "{0}fi\n",
      indent, depth + 1, names, arguments_call(command, indent + "  "), depth + 1, cases);
}

}  // namespace

std::string zsh_completion(const CommandInfo& program) {
  return kBegin + commands_call(program, 1, "  ") + kEnd;
}

}  // namespace plumb::cli
