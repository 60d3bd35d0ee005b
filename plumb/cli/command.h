// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace plumb::cli {

/// Exit codes: everything worked; a clear error of the user's input or of the machine; a command
/// line that makes no sense; a finding as severe as --fail-on says; interrupted by Ctrl-C (what was
/// recorded is kept).
enum ExitCode : int { kOk = 0, kError = 1, kUsage = 2, kFound = 3, kInterrupted = 130 };

/// A command line that makes no sense, found out after it was parsed: kUsage.
struct CommandLineError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The subcommand of that name, or null.
CLI::App* find_command(const CLI::App& app, const std::string& name);

/// Each adds one subcommand: its options and what it does when called. `result` receives the exit
/// code of the one that ran.
void add_train(CLI::App& app, int& result);
void add_probe(CLI::App& app, int& result);
void add_diagnose(CLI::App& app, int& result);
void add_report(CLI::App& app, int& result);
void add_compare(CLI::App& app, int& result);
void add_evaluate(CLI::App& app, int& result);
void add_predict(CLI::App& app, int& result);
void add_config(CLI::App& app, int& result);
void add_lr_find(CLI::App& app, int& result);
void add_export(CLI::App& app, int& result);
void add_merge(CLI::App& app, int& result);
void add_cure(CLI::App& app, int& result);
void add_sweep(CLI::App& app, int& result);
void add_demo(CLI::App& app, int& result);
void add_theory(CLI::App& app, int& result);
void add_lab(CLI::App& app, int& result);
void add_zoo(CLI::App& app, int& result);
void add_runs(CLI::App& app, int& result);
void add_follow(CLI::App& app, int& result);
void add_serve(CLI::App& app, int& result);
void add_play(CLI::App& app, int& result);
void add_layers(CLI::App& app, int& result);
void add_completion(CLI::App& app, int& result);

}  // namespace plumb::cli
