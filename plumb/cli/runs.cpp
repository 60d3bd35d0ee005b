// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/run_name.h"
#include "plumb/cli/tty.h"
#include "plumb/report/text.h"
#include "plumb/report/text_columns.h"
#include "plumb/serve/live_json.h"
#include "plumb/serve/run_folder.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb runs
  plumb runs sweeps/july
  plumb runs --json)";

struct Options {
  std::vector<std::string> paths;
  bool json = false;
};

serve::RunRow read_row(const serve::RunPath& run, const serve::FileStatus& status) {
  try {
    serve::LiveRun live(run.path);
    while (live.poll()) {
    }
    return serve::row_of(live, run.name, status);
  } catch (const std::exception& error) {
    return serve::broken_row(run.path, run.name, error.what());
  }
}

std::string outcome_words(const serve::RunRow& row) {
  if (!row.problem.empty()) return "-";
  std::string words = row.standing == serve::Standing::ended ? row.end_reason
                                                             : std::string(to_string(row.standing));
  if (row.planned_steps > 0 && row.step < row.planned_steps && row.kind == "train") {
    words += fmt::format(" {:.0f} %", 100.0 * static_cast<double>(row.step) /
                                          static_cast<double>(row.planned_steps));
  }
  if (std::isfinite(row.loss)) words += fmt::format(", loss {:.3g}", row.loss);
  return words;
}

using Lines = std::vector<std::vector<std::string>>;

bool fits(const Lines& lines, int width) {
  constexpr int kAny = 1 << 20;
  const Columns columns = Columns::fitting(lines, kAny);
  return std::all_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return display_width(columns.line(line)) <= width; });
}

/// One line a run where that has room, else two: what came of it, and below it what it is.
void print_table(const std::vector<serve::RunRow>& rows, int width) {
  const std::vector<std::string> differences = serve::differences(rows);
  const bool differ = std::any_of(differences.begin(), differences.end(),
                                  [](const std::string& text) { return !text.empty(); });
  Lines wide{{"run", "network", differ ? "differs in" : "", "outcome", "verdict", "age"}};
  Lines narrow{{"run", "outcome", "verdict", "age"}};
  Lines readable = wide;  // why one run cannot be read is no reason to take two lines for all
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = printable(rows[i].name), outcome = outcome_words(rows[i]),
                      verdict = printable(serve::verdict_words(rows[i])),
                      age = serve::duration_words(rows[i].age_s);
    wide.push_back(
        {name, printable(rows[i].network), printable(differences[i]), outcome, verdict, age});
    if (rows[i].problem.empty()) readable.push_back(wide.back());
    narrow.push_back({name, outcome, verdict, age});
  }
  if (fits(readable, width)) {
    const Columns columns = Columns::fitting(wide, width);
    for (const auto& line : wide) fmt::print("{}\n", columns.line(line));
    return;
  }
  const Columns columns = Columns::fitting(narrow, width);
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    fmt::print("{}\n", columns.line(narrow[i]));
    if (i == 0) continue;
    const std::string& what = wide[i][2];
    const std::string below = what + (what.empty() ? "" : "  ") + wide[i][1];
    if (!below.empty()) fmt::print("  {}\n", shorten(below, width - 2));
  }
}

int run_runs(const Options& options) {
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) {
    if (!std::filesystem::exists(kRunFolder)) {
      fmt::print("there is no folder {}/: 'plumb train' makes it\n", kRunFolder);
      return kOk;
    }
    paths = {kRunFolder};
  }
  std::vector<serve::RunRow> rows;
  for (const serve::RunPath& run : serve::RunFolder(paths).runs()) {
    if (const auto status = serve::read_file_status(run.path))
      rows.push_back(read_row(run, *status));
  }
  // The newest first.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.age_s < b.age_s; });
  if (options.json) {
    std::string all;
    for (std::size_t i = 0; i < rows.size(); ++i)
      all += (i > 0 ? ",\n " : "") + serve::row_json(rows[i], i);
    fmt::print("[{}]\n", all);
    return kOk;
  }
  if (rows.empty()) {
    fmt::print("no runs in {}\n", fmt::join(paths, ", "));
    return kOk;
  }
  print_table(rows, terminal_options().width);
  return kOk;
}

}  // namespace

void add_runs(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("runs", "List runs: what they are, what differs, what came of them");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->paths, "folders or run files; by default plumb-runs");
  command->add_flag("--json", options->json, "print JSON");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_runs(*options); });
}

}  // namespace plumb::cli
