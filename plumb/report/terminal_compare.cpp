// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "plumb/flow/ledger.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/number_text.h"
#include "plumb/report/run_keeper.h"
#include "plumb/report/setting_differences.h"
#include "plumb/report/terminal_page.h"
#include "plumb/report/text.h"
#include "plumb/report/text_columns.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kNameWidth = 24;

std::string letter(std::size_t place) { return std::string(1, static_cast<char>('A' + place)); }

// The last measured step whose gradients are finite.
const StepRecord* last_finite(const Run& run) {
  const auto measured = run.measured();
  const auto it = std::find_if(measured.rbegin(), measured.rend(),
                               [](const StepRecord* step) { return gradient_is_finite(*step); });
  return it != measured.rend() ? *it : nullptr;
}

// The last one whose depth could be judged; null if there is none.
const MeasuredStep* last_judged(const DiagnosedRun& run) {
  const auto& measured = run.diagnosis->view().measured();
  const auto it = std::find_if(measured.rbegin(), measured.rend(),
                               [](const MeasuredStep& one) { return one.flow.known; });
  return it != measured.rend() ? &*it : nullptr;
}

struct Outcomes {
  double loss = kNan, accuracy = kNan, validation_loss = kNan, validation_accuracy = kNan;
  double reach = kNan, seconds = kNan;
  std::int64_t steps = 0, reach_step = -1;
};

Outcomes outcomes_of(const DiagnosedRun& one) {
  Outcomes result;
  const Run& run = *one.run;
  if (!run.steps.empty()) {
    const Learning learning = one.diagnosis->view().learning();
    result.loss = learning.known ? learning.at_last : run.steps.back().loss;
    result.accuracy = run.steps.back().accuracy;
    result.steps = run.steps.back().step + 1;
  }
  for (const StepRecord& step : run.steps) {
    if (step.validation_loss) result.validation_loss = *step.validation_loss;
    if (step.validation_accuracy) result.validation_accuracy = *step.validation_accuracy;
  }
  if (run.end) {
    result.steps = run.end->steps;
    result.seconds = run.end->time_s;
  }
  if (const MeasuredStep* judged = last_judged(one)) {
    result.reach = judged->flow.log2_total;
    result.reach_step = judged->step;
  }
  return result;
}

std::string number_text(double x) {
  return std::isnan(x) ? "-" : std::isinf(x) ? "inf" : format_digits(x, 3);
}

/// "0.50 (-1.8)": the difference to the baseline behind the value, where it does not round to
/// nothing.
std::string with_change(std::string text, double change, std::string digits,
                        std::string_view unit = "") {
  if (std::stod(digits) == 0) return text;
  return fmt::format("{} ({}{}{})", text, change < 0 ? "-" : "+", digits, unit);
}

bool is_compared(double x, double base, bool is_baseline) {
  return !is_baseline && std::isfinite(x) && std::isfinite(base);
}

std::string with_difference(double x, double base, bool is_baseline) {
  if (!is_compared(x, base, is_baseline)) return number_text(x);
  return with_change(number_text(x), x - base, format_digits(std::abs(x - base), 2));
}

std::string accuracy_text(double x, double base, bool is_baseline) {
  if (!is_compared(x, base, is_baseline)) return format_percent(x);
  const double points = 100 * (x - base);
  return with_change(format_percent(x), points, fmt::format("{:.0f}", std::round(std::abs(points))),
                     " points");
}

/// Lines of a name and a cell for each run, all in the same columns.
class Table {
 public:
  Table(Page& page, std::size_t runs)
      : page_(page), columns_(Columns::alike(kNameWidth, runs, page.width())) {}

  void head(const std::string& title, std::size_t runs, std::size_t baseline) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < runs; ++i) {
      cells.push_back(letter(i) + (i == baseline ? ", baseline" : ""));
    }
    page_.line();
    page_.line(page_.ink(text(title, cells), Ink::strong));
  }
  void row(const std::string& name, const std::vector<std::string>& cells) {
    page_.line(text(name, cells));
  }
  bool fits(const std::string& cell) const { return columns_.fits(1, cell); }

 private:
  std::string text(const std::string& name, const std::vector<std::string>& cells) const {
    std::vector<std::string> line{name};
    line.insert(line.end(), cells.begin(), cells.end());
    return shorten(columns_.line(line), page_.width());
  }
  Page& page_;
  Columns columns_;
};

void write_runs(Page& page, std::span<const DiagnosedRun> runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunInfo& info = runs[i].run->info;
    const std::string name = runs[i].file.empty() ? info.title() : runs[i].file;
    page.paragraph(letter(i),
                   fmt::format("{}: {} ({})", page.clean(name), page.clean(info.title()),
                               to_string(runs[i].diagnosis->outcome())),
                   3, Ink::strong);
  }
}

void write_settings(Page& page, Table& table, std::span<const DiagnosedRun> runs,
                    std::size_t baseline) {
  std::vector<RunSettings> settings;
  for (const DiagnosedRun& run : runs) settings.push_back(settings_of(run.run->info));
  const std::vector<SettingDifference> differences = setting_differences(settings);
  if (differences.empty()) {
    page.line();
    page.line("All settings are equal.");
    return;
  }
  table.head("Settings that differ", runs.size(), baseline);
  for (const SettingDifference& one : differences) {
    std::vector<std::string> cells;
    for (const auto& value : one.values) cells.push_back(page.clean(setting_text(value)));
    const bool fits = std::all_of(cells.begin(), cells.end(),
                                  [&](const std::string& cell) { return table.fits(cell); });
    if (fits) {
      table.row(page.clean(one.name), cells);
      continue;
    }
    // Too long for a column: a line for each.
    page.line(page.clean(one.name));
    for (std::size_t i = 0; i < cells.size(); ++i) page.paragraph("  " + letter(i), cells[i], 5);
  }
}

void write_outcomes(Table& table, std::span<const DiagnosedRun> runs, std::size_t baseline) {
  std::vector<Outcomes> all;
  for (const DiagnosedRun& run : runs) all.push_back(outcomes_of(run));
  const auto row = [&](const char* name, auto member, auto text) {
    if (std::all_of(all.begin(), all.end(),
                    [&](const Outcomes& o) { return std::isnan(o.*member); })) {
      return;
    }
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < all.size(); ++i) {
      cells.push_back(text(all[i].*member, all[baseline].*member, i == baseline));
    }
    table.row(name, cells);
  };
  table.head("What came of it", runs.size(), baseline);
  std::vector<std::string> found, steps;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& findings = runs[i].diagnosis->findings();
    std::string worst = findings.empty() ? "nothing" : findings.front().rule;
    std::replace(worst.begin(), worst.end(), '_', ' ');
    found.push_back(std::move(worst));
    steps.push_back(std::to_string(all[i].steps));
  }
  table.row("worst finding", found);
  row("loss at the end", &Outcomes::loss, with_difference);
  row("accuracy, last batch", &Outcomes::accuracy, accuracy_text);
  row("validation loss", &Outcomes::validation_loss, with_difference);
  row("validation accuracy", &Outcomes::validation_accuracy, accuracy_text);
  row("gradient norm ratio", &Outcomes::reach,
      [](double x, double, bool) { return format_log2(x); });
  if (std::any_of(all.begin(), all.end(), [](const Outcomes& o) { return o.reach_step >= 0; })) {
    std::vector<std::string> judged;
    for (const Outcomes& one : all)
      judged.push_back(one.reach_step >= 0 ? std::to_string(one.reach_step) : "-");
    table.row("  first/last, at step", judged);
  }
  table.row("steps", steps);
  row("seconds", &Outcomes::seconds, with_difference);
}

void write_flows(Page& page, std::span<const DiagnosedRun> runs) {
  page.line();
  for (const std::string& line :
       wrap("Flow gradient, input on the left: a full bar is that of the last layer, an empty one "
            "12 powers of ten less",
            page.width())) {
    page.line(page.ink(line, Ink::strong));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const StepRecord* const step = last_finite(*runs[i].run);
    if (step == nullptr) {
      page.line(fmt::format("{}  no gradient of it is finite", letter(i)));
      continue;
    }
    const std::string when = fmt::format("  step {}", step->step);
    BarOptions bars;
    bars.unicode = page.unicode();
    bars.width = std::max(8, page.width() - 3 - static_cast<int>(when.size()));
    const auto profile = on_the_chain(flow_profile(runs[i].run->info, *step));
    bars.width = std::min(bars.width, static_cast<int>(profile.size()));
    page.line(letter(i) + "  " + render_flow_bars(profile, bars) + when);
  }
}

}  // namespace

std::string render_comparison(std::span<const DiagnosedRun> runs, std::size_t baseline,
                              const TerminalOptions& options) {
  Page page(options);
  write_runs(page, runs);
  Table table(page, runs.size());
  write_settings(page, table, runs, baseline);
  write_outcomes(table, runs, baseline);
  write_flows(page, runs);
  return page.take();
}

}  // namespace plumb
