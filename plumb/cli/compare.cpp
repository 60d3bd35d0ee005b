// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/report_runs.h"
#include "plumb/cli/tty.h"
#include "plumb/report/terminal_compare.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb compare sick.plumb healthy.plumb
  plumb compare a.plumb b.plumb c.plumb --baseline b.plumb

The same as a page: plumb report sick.plumb healthy.plumb)";

struct Options {
  std::vector<std::string> runs;
  std::string baseline;
};

std::size_t place_of_baseline(const Options& options) {
  if (options.baseline.empty()) return 0;
  for (std::size_t i = 0; i < options.runs.size(); ++i) {
    if (options.runs[i] == options.baseline) return i;
  }
  throw CommandLineError("--baseline: " + options.baseline +
                         " is not among the runs, expected one of them");
}

int run_compare(const Options& options) {
  const std::size_t baseline = place_of_baseline(options);
  const ReportRuns read(options.runs, ReportRuns::Detail::figures);
  fmt::print("{}", render_comparison(read.runs(), baseline, terminal_options()));
  return kOk;
}

}  // namespace

void add_compare(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "compare", "Say in which settings runs differ, and what came of it, side by side");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->runs, "two to eight run files")->required()->expected(2, 8);
  command->add_option("--baseline", options->baseline, "the run that the others are held against")
      ->type_name("RUN");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_compare(*options); });
}

}  // namespace plumb::cli
