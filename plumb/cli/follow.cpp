// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "plumb/cli/command.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/run_name.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/text.h"
#include "plumb/serve/live_run.h"
#include "plumb/serve/run_folder.h"
#include "plumb/serve/run_row.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb train "flatten > 30 x [dense 64 > sigmoid] > dense 10" -o deep.plumb &
  plumb follow deep.plumb
  plumb follow                      the newest run in plumb-runs/

Ctrl-C stops following; the run goes on.)";

constexpr auto kPollInterval = std::chrono::milliseconds(250);

struct Options {
  std::string run;
  bool once = false;
};

/// What is shown while a run grows: one line that is drawn over, and a line for each finding.
class Screen {
 public:
  explicit Screen(bool redraws) : redraws_(redraws) {}

  void line(const std::string& text) {
    clear();
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }
  void state(const std::string& text, std::int64_t measured) {
    if (redraws_) {
      fmt::print("\r{}\x1b[K", text);
      drawn_ = true;
    } else if (measured != measured_) {
      fmt::print("{}\n", text);
    }
    measured_ = measured;
    std::fflush(stdout);
  }
  void clear() {
    if (drawn_) fmt::print("\r\x1b[K");
    drawn_ = false;
  }

 private:
  bool redraws_;
  bool drawn_ = false;
  std::int64_t measured_ = -1;
};

std::string state_line(const serve::LiveRun& run, const serve::RunRow& row, int width) {
  std::string line = fmt::format("step {}", row.step);
  if (row.planned_steps > 0) line += fmt::format("/{}", row.planned_steps);
  line += fmt::format("  loss {:.4f}", row.loss);
  if (!std::isnan(row.accuracy) && std::isfinite(row.loss))
    line += fmt::format("  acc {:3.0f}%", 100 * row.accuracy);
  if (std::isfinite(row.steps_per_s)) line += fmt::format("  {:.0f}/s", row.steps_per_s);
  if (std::isfinite(row.seconds_left)) line += "  left " + serve::duration_words(row.seconds_left);
  if (row.standing == serve::Standing::stalled)
    line += fmt::format("  STALLED for {}", serve::duration_words(row.age_s));
  line += "  ";
  const int left = width - 1 - static_cast<int>(line.size());
  BarOptions bars;
  bars.unicode = locale_is_utf8();
  bars.width = left;
  return left >= 4 ? line + render_flow_bars(run.last_profile(), bars) : shorten(line, width - 1);
}

/// Waits for a writer that has just made the file and not yet begun the run.
serve::LiveRun open_run(const std::string& path) {
  constexpr double kYoung_s = 10;
  for (;;) {
    try {
      return serve::LiveRun(path);
    } catch (const StoreError&) {
      const std::optional<serve::FileStatus> status = serve::read_file_status(path);
      if (!status || status->age_s > kYoung_s || interrupted()) throw;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

/// The run that was named; of a folder, by default of plumb-runs/, the one that was written last.
std::string run_to_follow(const std::string& given) {
  namespace fs = std::filesystem;
  const std::string path = given.empty() ? kRunFolder : given;
  std::error_code ignored;
  if (given.empty() && !fs::is_directory(path, ignored)) {
    throw StoreError(fmt::format(
        "RUN: none was named, and there is no folder {}/ whose newest could be followed", path));
  }
  if (!fs::is_directory(path, ignored)) return path;
  std::string newest;
  double age_s = std::numeric_limits<double>::infinity();
  for (const serve::RunPath& run : serve::RunFolder({path}).runs()) {
    const std::optional<serve::FileStatus> status = serve::read_file_status(run.path);
    if (!status || status->age_s >= age_s || !is_run_file(run.path)) continue;
    newest = run.path;
    age_s = status->age_s;
  }
  if (newest.empty()) throw StoreError(path + ": there is no run in it to follow");
  return newest;
}

int run_follow(const Options& given) {
  catch_interrupts();
  Options options = given;
  options.run = run_to_follow(given.run);
  serve::LiveRun run = open_run(options.run);
  Screen screen(stdout_is_terminal() && stderr_can_redraw());
  const TerminalOptions terminal = terminal_options();
  if (options.run != given.run) screen.line(printable(options.run));
  screen.line(printable(run.info().title()));
  std::set<std::string> printed;
  for (;;) {
    const bool came = run.poll();
    const std::optional<serve::FileStatus> status = serve::read_file_status(options.run);
    if (!status) {
      screen.line(options.run + ": the file is gone");
      return kError;
    }
    const serve::RunRow row = serve::row_of(run, options.run, *status);
    if (came) {
      for (const Finding& finding : run.findings()) {
        if (finding.severity == Severity::note) continue;
        const std::string headline = serve::headline(run.info(), finding);
        if (printed.insert(headline).second) {
          screen.line(fmt::format("step {}: {}  {}", finding.first_step,
                                  to_string(finding.severity), printable(headline)));
        }
      }
    }
    if (run.steps() > 0) screen.state(state_line(run, row, terminal.width), run.last_measured());
    const bool is_over =
        row.standing == serve::Standing::ended || row.standing == serve::Standing::cut_off;
    if (!run.is_behind() && (is_over || options.once || interrupted())) {
      screen.clear();
      if (interrupted()) return kInterrupted;
      screen.line(row.standing == serve::Standing::ended ? row.end_reason
                                                         : std::string(to_string(row.standing)));
      for (const std::string& text : wrap(printable(run.verdict()), terminal.width))
        screen.line(text);
      return kOk;
    }
    if (!run.is_behind()) std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

void add_follow(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("follow", "Watch a run in the terminal while it is trained");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->run,
                      "run file, or a folder: its newest run; by default that of plumb-runs");
  command->add_flag("--once", options->once, "say how it stands and end");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_follow(*options); });
}

}  // namespace plumb::cli
