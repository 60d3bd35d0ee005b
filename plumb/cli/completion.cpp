// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "plumb/lab/experiment.h"
#include "plumb/nn/init.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/optim/optimiser.h"
#include "plumb/theory/activation.h"
#include "plumb/train/config.h"
#include "plumb/zoo/kind.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Example (bash):
  source <(plumb completion bash))";

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

Words words_of(std::span<const std::string_view> names) { return {names.begin(), names.end()}; }

template <class Table, class Member>
Words column(const Table& table, Member member) {
  Words words;
  for (const auto& row : table) words.emplace_back(row.*member);
  return words;
}

/// Initialisers; "constant:" and others that want a number behind them end in a colon.
Words init_words() {
  Words words = words_of(init_names());
  for (std::string& word : words) {
    try {
      parse_init(word);
    } catch (const SpecError&) {
      word += ':';
    }
  }
  return words;
}

/// Where the words of an option's value come from, by the option's long name.
struct ValueSource {
  std::string_view option;
  Words (*words)();
};

constexpr auto kValueSources = std::to_array<ValueSource>({
    {"init", init_words},
    {"bias-init", init_words},
    {"loss", [] { return words_of(loss_names()); }},
    {"optimiser", [] { return words_of(optimiser_names()); }},
    {"precision", [] { return words_of(precision_names()); }},
    {"data", [] { return source_starts(); }},
    {"activation", [] { return words_of(theory::activation_names()); }},
    // What these take is a form with numbers rather than a name from a table.
    {"schedule",
     [] {
       return Words{"constant", "cosine", "step:"};
     }},
    {"record",
     [] {
       return Words{"log", "every=", "off"};
     }},
});

/// The same for the arguments of a command, where they are no files.
constexpr auto kArgumentSources = std::to_array<ValueSource>({
    {"lab",
     [] {
       Words words = column(lab::experiments(), &lab::Experiment::name);
       words.emplace_back("all");
       return words;
     }},
    {"zoo",
     [] {
       Words words = column(zoo::kinds(), &zoo::Kind::name);
       words.insert(words.begin(), {"list", "run", "score"});
       return words;
     }},
    {"layers", [] { return column(preset_table(), &PresetEntry::name); }},
    {"completion", [] { return Words{"bash"}; }},
});

/// "{json,csv}" of an option that takes one of a set, as its help has it.
Words choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

Words words_after(const CLI::Option& option) {
  for (const ValueSource& source : kValueSources) {
    if (option.check_lname(std::string(source.option))) return source.words();
  }
  const Setting* setting =
      option.get_lnames().empty() ? nullptr : find_setting(option.get_lnames().front());
  if (setting != nullptr && setting->value == "BOOL") return {"true", "false"};
  return choices(option);
}

Words spellings(const CLI::Option& option) {
  Words names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

/// The options of a command and of the commands below it.
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options = command.get_options();
  for (const CLI::App* part : command.get_subcommands([](const CLI::App*) { return true; })) {
    for (const CLI::Option* option : options_of(*part)) {
      const bool known = std::ranges::any_of(options, [&](const CLI::Option* other) {
        return other->get_lnames() == option->get_lnames();
      });
      if (!known) options.push_back(option);
    }
  }
  return options;
}

/// Made from the options themselves and the tables behind them, so it cannot fall behind them.
std::string bash_script(const CLI::App& app) {
  Words commands;
  std::string options;
  std::string values;
  std::string arguments;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    commands.push_back(name);
    Words words;
    for (const CLI::Option* option : options_of(*command)) {
      for (const std::string& long_name : option->get_lnames()) words.push_back("--" + long_name);
      const Words after = words_after(*option);
      const Words before = spellings(*option);
      if (before.empty() || after.empty()) continue;
      values +=
          fmt::format("      \"{} {}\") values=\"{}\" ;;\n", name,
                      fmt::join(before, fmt::format("\"|\"{} ", name)), fmt::join(after, " "));
    }
    options += fmt::format("      {}) words=\"{}\" ;;\n", name, fmt::join(words, " "));
  }
  for (const ValueSource& source : kArgumentSources) {
    arguments +=
        fmt::format("      {}) values=\"{}\" ;;\n", source.option, fmt::join(source.words(), " "));
  }
  return fmt::format(fmt::runtime(kScript), fmt::join(commands, " "), options, values, arguments);
}

}  // namespace

void add_completion(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("completion", "Print the completion script for a shell");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("SHELL", *shell, "bash")->check(CLI::IsMember({"bash"}));
  command->footer(kFooter);
  command->callback([&app, shell, &result] {
    fmt::print("{}", bash_script(app));
    result = kOk;
  });
}

}  // namespace plumb::cli
