// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "plumb/cli/command.h"
#include "plumb/cli/terminal.h"
#include "plumb/cli/wrap_lines.h"
#include "plumb/core/version.h"

namespace {

constexpr const char* kDescription =
    "plumb measures how deep the gradient reaches in a neural network, shows where it is lost and "
    "why.";

constexpr const char* kFooter = R"(Examples:
  plumb demo
  plumb train "flatten > 30 x [dense 128 > sigmoid] > dense 10" --data mnist:DIR -o deep.plumb
  plumb probe "flatten > 30 x [dense 128 > relu] > dense 10" --init he_normal
  plumb diagnose deep.plumb
  plumb report deep.plumb -o report.html

Exit codes: 0 done; 1 an error, named in one line; 2 a wrong command line; 130 stopped by Ctrl-C.
'plumb COMMAND --help' tells more.)";

constexpr int kHelpColumn = 30;

class WrappedHelp : public CLI::Formatter {
 public:
  WrappedHelp() { column_width(kHelpColumn); }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const int width = plumb::cli::terminal_options().width;
    return plumb::cli::wrap_lines(Formatter::make_help(app, std::move(name), mode), width,
                                  kHelpColumn);
  }
  std::string make_footer(const CLI::App* app) const override {
    return plumb::cli::join_paragraphs(Formatter::make_footer(app));
  }
};

int refuse_command(const CLI::App& app, const char* given) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  std::fprintf(stderr, "plumb: unknown command '%s', expected one of %s\n", given, names.c_str());
  return plumb::cli::kUsage;
}

int run(int argc, char** argv) {
  using namespace plumb::cli;
  CLI::App app{kDescription, "plumb"};
  app.formatter(std::make_shared<WrappedHelp>());
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("plumb ") + plumb::kVersion);
  app.require_subcommand(1);

  int result = kOk;
  add_train(app, result);
  add_probe(app, result);
  add_diagnose(app, result);
  add_cure(app, result);
  add_report(app, result);
  add_export(app, result);
  add_demo(app, result);
  add_theory(app, result);
  add_lab(app, result);
  add_zoo(app, result);
  add_layers(app, result);
  add_completion(app, result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
      return refuse_command(app, argv[1]);
    }
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "plumb: %s\n", error.what());
    return plumb::cli::kError;
  }
}
