// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "plumb/cli/tty.h"
#include "plumb/report/flow_bars.h"

namespace plumb::cli {

namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr int kFewestBars = 4;

std::string time_left(double seconds) {
  constexpr double kDay_s = 86400, kLongest_days = 9999;
  if (!std::isfinite(seconds) || seconds > kLongest_days * kDay_s) return "-";
  if (seconds > 2 * kDay_s) return fmt::format("{:.0f} days", seconds / kDay_s);
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  return whole < 60 ? fmt::format("{}s", whole) : fmt::format("{}m{:02}s", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(bool quiet, std::string label)
    : active_(!quiet && stderr_can_redraw()), label_(std::move(label)) {}

void Progress::update(const Trainer& trainer, const StepRecord& record) {
  if (!active_) return;
  if (record.measured) {
    if (!graph_) {
      info_ = trainer.info();
      graph_.emplace(info_);
    }
    profile_ = on_the_chain(flow_profile(*graph_, StepIndex(info_, record)));
  }
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  const auto steps = static_cast<double>(trainer.step_count());
  const double left =
      record.time_s / steps * (static_cast<double>(trainer.planned_steps()) - steps);
  std::string line = fmt::format("{}step {}/{}  loss {:.4f}", label_, trainer.step_count(),
                                 trainer.planned_steps(), record.loss);
  if (!std::isnan(record.accuracy) && std::isfinite(record.loss))
    line += fmt::format("  acc {:3.0f}%", 100 * record.accuracy);
  line += fmt::format("  left {}  ", time_left(left));
  // A line that fills the last column would wrap, and then no carriage return brings it back.
  const int columns = progress_width() - 1 - static_cast<int>(line.size());
  if (columns >= kFewestBars) {
    BarOptions options;
    options.unicode = locale_is_utf8();
    options.width = columns;
    line += render_flow_bars(profile_, options);
  } else if (columns < 0) {
    line.resize(static_cast<std::size_t>(std::max(0, progress_width() - 1)));
  }
  // Return to the first column, draw, clear what is left of the older line.
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
}

void Progress::finish() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace plumb::cli
