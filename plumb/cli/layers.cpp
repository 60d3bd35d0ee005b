// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "plumb/cli/command.h"
#include "plumb/nn/init.h"
#include "plumb/nn/layer_table.h"

namespace plumb::cli {

namespace {

constexpr const char* kGrammar = R"(The network language

  chain > chain      one after the other
  N x [chain]        N times, each with parameters of its own
  res[chain]         y = x + chain(x); options: scale=NUMBER, proj (a learned linear shortcut)

)";

int run_layers() {
  fmt::print("{}Layers\n", kGrammar);
  for (const LayerEntry& entry : layer_table()) {
    fmt::print("\n  {}\n      {}{}\n", entry.usage, entry.summary,
               entry.alias.empty() ? "" : fmt::format(" (also: {})", entry.alias));
  }
  fmt::print("\nInitialisers (--init, --bias-init)\n\n");
  for (const std::string_view name : init_names()) fmt::print("  {}\n", name);
  return kOk;
}

}  // namespace

void add_layers(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("layers", "List the words of the network language and the initialisers");
  command->callback([&result] { result = run_layers(); });
}

}  // namespace plumb::cli
