// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/manual.h"
#include "plumb/cli/tty.h"
#include "plumb/cli/unquoted.h"
#include "plumb/cli/wrap_lines.h"
#include "plumb/core/memory.h"
#include "plumb/core/version.h"
#include "plumb/nn/spec/nearest.h"
#include "plumb/report/text.h"

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

Exit codes: 0 done; 1 an error, named in one line; 2 a wrong command line; 3 a finding as severe as
--fail-on says; 130 stopped by Ctrl-C. 'plumb help COMMAND' tells more.)";

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

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  return plumb::did_you_mean(word, std::vector<std::string_view>(names.begin(), names.end()));
}

/// A message for the terminal: what it quotes of the user's input cannot send escape codes, and is
/// not longer than a screen.
void complain(const std::string& message) {
  constexpr std::size_t kLongest = 4000;
  std::string text;
  for (std::size_t begin = 0; begin <= message.size() && text.size() < kLongest;) {
    const std::size_t end = std::min(message.find('\n', begin), message.size());
    text += plumb::printable(message.substr(begin, std::min(end - begin, kLongest))) + "\n";
    begin = end + 1;
  }
  std::fflush(stdout);
  std::fprintf(stderr, "plumb: %s", text.c_str());
}

int refuse_command(const CLI::App& app, const std::string& given) {
  const std::vector<std::string> names = command_names(app);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  complain("unknown command '" + given + "', expected one of " + list + suggestion(given, names));
  return plumb::cli::kUsage;
}

/// What was not expected: an option with a typing error in it, or words of a network without
/// quotes.
int refuse_extras(const CLI::App& command, const std::string& name) {
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& long_name : option->get_lnames()) options.push_back("--" + long_name);
  }
  for (const std::string& extra : command.remaining()) {
    if (extra.starts_with("-") && extra.size() > 1) {
      const std::string word = extra.substr(0, extra.find('='));
      complain("unknown option '" + word + "' of " + name + suggestion(word, options) +
               "; 'plumb help " + name + "' lists them");
      return plumb::cli::kUsage;
    }
  }
  std::string rest;
  for (const std::string& extra : command.remaining()) rest += " '" + extra + "'";
  const bool takes_network = command.get_option_no_throw("NETWORK") != nullptr;
  complain(name + " takes no more arguments, given" + rest +
           (takes_network ? ": a network is one argument, in quotes" : ""));
  return plumb::cli::kUsage;
}

/// `help train` is `train --help`, and `help` is `--help`.
std::vector<std::string> without_help_command(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  if (arguments.size() == 1) return {"--help"};
  return {arguments[1], "--help"};
}

int run(int argc, char** argv) {
  using namespace plumb::cli;
  const std::vector<std::string> given(argv + 1, argv + argc);
  if (const auto message = unquoted_network(given)) throw CommandLineError(*message);
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
  add_sweep(app, result);
  add_report(app, result);
  add_compare(app, result);
  add_export(app, result);
  add_merge(app, result);
  add_evaluate(app, result);
  add_predict(app, result);
  add_config(app, result);
  add_lr_find(app, result);
  add_demo(app, result);
  add_theory(app, result);
  add_lab(app, result);
  add_zoo(app, result);
  add_runs(app, result);
  add_follow(app, result);
  add_serve(app, result);
  add_play(app, result);
  add_layers(app, result);
  add_completion(app, result);
  add_manual(app, result);
  std::vector<std::string> words = without_help_command(given);
  const std::string command = words.empty() ? "" : words.front();
  if (!command.empty() && command[0] != '-' && find_command(app, command) == nullptr) {
    return refuse_command(app, command);
  }
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    app.parse(std::move(words));
  } catch (const CLI::ExtrasError& error) {
    const CLI::App* const parsed = find_command(app, command);
    return parsed == nullptr ? (app.exit(error), kUsage) : refuse_extras(*parsed, command);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return result;
}

/// What was said is said only when it has been written: a full disk or a closed output is an error,
/// as a file of -o is. A reader that has read enough (head) is none.
int close_output(int result) {
  const bool failed = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) == 0 && !failed) return result;
  if (errno == EPIPE) return result;
  complain("the output could not all be written" +
           (errno != 0 ? ": " + std::generic_category().message(errno) : std::string()));
  return result == plumb::cli::kOk ? plumb::cli::kError : result;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return close_output(run(argc, argv));
  } catch (const plumb::cli::CommandLineError& error) {
    complain(error.what());
    return plumb::cli::kUsage;
  } catch (const plumb::MemoryError& error) {
    complain(std::string("out of memory: ") + error.what());
  } catch (const std::bad_alloc&) {
    complain("out of memory: " +
             plumb::show_bytes(static_cast<double>(plumb::available_memory_bytes())) +
             " are free; a smaller --batch or network takes less");
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return plumb::cli::kError;
}
