// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/report/page.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb play -o play.html

The page is one file that opens without a network. It builds and back-propagates real networks, and
copies the command that measures the same one.)";

int run_play(const std::string& output) {
  if (output != "-") {
    Outputs files;
    files.writes("-o", output);
    files.check();
  }
  write_text(output, play_page());
  if (output != "-") fmt::print("{}\n", output);
  return kOk;
}

}  // namespace

void add_play(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("play", "Write the playground: one page that shows why depth is hard");
  auto output = std::make_shared<std::string>("play.html");
  command->add_option("-o,--output", *output, "the page; - for standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->footer(kFooter);
  command->callback([output, &result] { result = run_play(*output); });
}

}  // namespace plumb::cli
