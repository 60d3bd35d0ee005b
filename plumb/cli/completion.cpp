// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <span>

#include "plumb/cli/command.h"
#include "plumb/nn/init.h"
#include "plumb/nn/loss.h"
#include "plumb/optim/optimiser.h"
#include "plumb/train/config.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Example (bash):
  source <(plumb completion bash))";

constexpr const char* kScript =
    R"(# bash completion of plumb; use it with: source <(plumb completion bash)
_plumb() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} words= values=
  if ((COMP_CWORD == 1)); then
    words="{} --help --version"
  else
    case $command in
{}    esac
  fi
  case ${{COMP_WORDS[COMP_CWORD-1]}} in
{}  esac
  if [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
  elif [[ $current == -* || $COMP_CWORD == 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -o filenames -F _plumb plumb
)";

/// The words that may follow an option.
std::string words_after(const Setting& setting) {
  const auto join = [](std::span<const std::string_view> names) {
    return fmt::format("{}", fmt::join(names, " "));
  };
  if (setting.value == "BOOL") return "true false";
  if (setting.key == "init" || setting.key == "bias-init") return join(init_names());
  if (setting.key == "loss") return join(loss_names());
  if (setting.key == "optimiser") return join(optimiser_names());
  if (setting.key == "precision") return "float double";
  if (setting.key == "data") return "glyphs spirals teacher mnist: csv: npz:";
  if (setting.key == "schedule") return "constant cosine step:";
  return "";
}

std::string value_cases() {
  std::string cases;
  for (const Setting& setting : settings()) {
    const std::string words = words_after(setting);
    if (!words.empty()) cases += fmt::format("    --{}) values=\"{}\" ;;\n", setting.key, words);
  }
  return cases;
}

/// Made from the options themselves, so it cannot fall behind them.
std::string bash_script(const CLI::App& app) {
  std::vector<std::string> names;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    std::vector<std::string> options;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    cases +=
        fmt::format("      {}) words=\"{}\" ;;\n", command->get_name(), fmt::join(options, " "));
  }
  return fmt::format(fmt::runtime(kScript), fmt::join(names, " "), cases, value_cases());
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
