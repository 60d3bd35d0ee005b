// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/completion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cli/command.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples (bash, zsh, fish):
  source <(plumb completion bash)
  source <(plumb completion zsh)
  plumb completion fish | source)";

struct Shell {
  const char* name;
  std::string (*script)(const CommandInfo&);
};

constexpr auto kShells = std::to_array<Shell>({
    {"bash", bash_completion},
    {"zsh", zsh_completion},
    {"fish", fish_completion},
});

std::vector<std::string> shell_names() {
  std::vector<std::string> names;
  for (const Shell& shell : kShells) names.emplace_back(shell.name);
  return names;
}

}  // namespace

void add_completion(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("completion", "Print the completion script for a shell");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->check(CLI::IsMember(shell_names()));
  command->footer(kFooter);
  command->callback([&app, shell, &result] {
    const auto row = std::ranges::find(kShells, std::string_view(*shell), &Shell::name);
    fmt::print("{}", row->script(command_table(app)));
    result = kOk;
  });
}

}  // namespace plumb::cli
