// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cli/advice_output.h"
#include "plumb/cli/command.h"
#include "plumb/cli/fail_on.h"
#include "plumb/cli/json_output.h"
#include "plumb/cli/read_run.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/report/text.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb diagnose deep.plumb
  plumb diagnose deep.plumb --json
  plumb diagnose --rules

Works on a run that was cut off, and on one that still grows. The findings are judged anew with this
version's rules.)";

struct Options {
  std::string run;
  FailOn fail_on;
  std::optional<std::int64_t> step;
  bool json = false;
  bool rules = false;
  bool books = false;
  bool no_check = false;
};

void check_measured(const std::vector<std::int64_t>& steps, std::int64_t asked) {
  if (std::find(steps.begin(), steps.end(), asked) != steps.end()) return;
  if (steps.empty()) {
    throw DataError(
        fmt::format("--step: {} was not measured, nor was any other step of this run: expected a "
                    "run recorded with measurements (plumb train --record)",
                    asked));
  }
  throw DataError(fmt::format("--step: {} was not measured, expected one of {}", asked,
                              fmt::join(steps, ", ")));
}

/// The step whose books are asked for; null for a run without measured steps.
const StepRecord* step_of_books(const Run& run, std::optional<std::int64_t> asked) {
  const auto measured = run.measured();
  const auto it = std::find_if(measured.begin(), measured.end(), [&](const StepRecord* step) {
    return asked && step->step == *asked;
  });
  if (it != measured.end()) return *it;
  return measured.empty() ? nullptr : measured.back();
}

void print_rules() {
  constexpr int kName = 23;
  for (const RuleEntry& rule : rule_table()) {
    std::string_view name = rule.id;
    for (const std::string& line :
         wrap(rule.summary, std::max(terminal_options().width, 2 * kName) - kName)) {
      fmt::print("{:<{}}{}\n", name, kName, line);
      name = {};
    }
  }
}

int run_diagnose(const Options& options) {
  if (options.rules) {
    print_rules();
    return kOk;
  }
  if (options.run.empty()) {
    throw CLI::RequiredError("RUN");
  }
  RunReader reader(options.run, LoadOptions::without_histograms());
  TerminalOptions terminal = terminal_options();
  terminal.books = options.books;
  if (options.step) {
    check_measured(reader.measured_steps(), *options.step);
    terminal.step = options.step;
  }
  RunKeeper keeper([&](std::int64_t step) { return step == options.step; });
  read_into(keeper, reader);
  tell_of_missing_log(reader, options.run);
  std::string because;
  const std::optional<Advice> advice = advise_run(keeper, !options.no_check, because);
  if (options.json) {
    const StepRecord* const books =
        options.books ? step_of_books(keeper.run(), options.step) : nullptr;
    fmt::print("{}\n", diagnosis_json(keeper.diagnosed(), books, advice ? &*advice : nullptr));
  } else {
    fmt::print("{}", keeper.table(terminal));
    print_advice(advice, because);
  }
  return options.fail_on.exit_code(keeper.diagnosis().findings());
}

}  // namespace

void add_diagnose(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("diagnose", "Say what is wrong in a recorded run, where and why");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->run, "run file written by train or probe");
  command->add_option("--step", options->step, "show the layers at this measured step")
      ->type_name("STEP");
  command->add_flag(
      "--books", options->books,
      "show what the layers inside residual blocks did; with --json the whole ledger");
  command->add_flag("--no-check", options->no_check,
                    "do not load the data again to check the remedies by short trainings");
  command->add_flag("--json", options->json, "print the diagnosis as JSON");
  options->fail_on.add_to(*command);
  command->add_flag("--rules", options->rules, "list the rules");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_diagnose(*options); });
}

}  // namespace plumb::cli
