// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "plumb/diagnose/words/sizes.h"
#include "plumb/flow/time_flow.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/number_text.h"
#include "plumb/report/text.h"
#include "plumb/report/thin.h"

namespace plumb {

namespace {

constexpr std::size_t kBars = 12;
constexpr int kMagnitudeWidth = 9;
constexpr int kNameWidth = 22;
constexpr int kCauseWidth = 26;  // "recurrent weight alignment"
constexpr double kMinDecades = 3;

std::string title_of(const Run& run, const TimeRecord& record) {
  const LayerInfo& layer = run.info.layer(record.layer);
  std::string title = layer.text;
  if (record.reverse) title += ", backwards";
  return fmt::format("{} (path {}), {}", title, layer.path,
                     count_text(record.time_steps, "time step"));
}

std::string speed_text(const TimeScale& scale) {
  if (!std::isfinite(scale.steps_per_efold) || std::abs(scale.steps_per_efold) > 1e6) {
    return "It neither shrinks nor grows.";
  }
  return fmt::format("It {} by e in {:.3g} steps.", scale.steps_per_efold > 0 ? "falls" : "grows",
                     std::abs(scale.steps_per_efold));
}

std::string summary_of(const TimeFlow& flow) {
  if (!flow.known) return "No gradient of it was measured at two time steps or more.";
  if (flow.ends_in_zero) {
    return fmt::format("The gradient ends: {}.", time_end_text(flow));
  }
  if (flow.ends_at >= 0) return fmt::format("The books end: {}.", time_end_text(flow));
  const std::string memory = flow.memory_is_all ? "More than one percent is kept all the way."
                                                : fmt::format("Below one percent after {}.",
                                                              count_text(flow.memory + 1, "step"));
  std::string text = fmt::format("Over {} the gradient keeps {} of its size. {} {}",
                                 count_text(flow.steps, "step"), format_log2(flow.log2_kept),
                                 speed_text(flow.scale), memory);
  const double above = flow.part(TimeCause::from_above);
  if (std::abs(above) > 0.5) {
    text += " The layers above add to it at every step, so that less is kept than it seems.";
  }
  return text;
}

void write_bars(Page& page, const TimeRecord& record) {
  const std::vector<double> flow = state_gradient(record);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : flow) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return;
  low = std::min(low, high - kMinDecades / kLog10Of2);
  const int bar_width = std::min(page.width() - 2 - 7 - kMagnitudeWidth - 3, 40);
  page.line(page.ink(
      "  " + pad_left("t", 6) + " " + pad_left("gradient", kMagnitudeWidth) + "  log scale",
      Ink::faint));
  for (const std::size_t t : thin_out(flow.size(), kBars)) {
    const double value = flow[t];
    const bool finite = std::isfinite(value);
    const double decades_below = finite ? (high - value) * kLog10Of2 : 0;
    const double length = finite ? std::max(1e-9, (value - low) / (high - low)) : 0;
    page.line("  " + pad_left(std::to_string(t), 6) + " " +
              pad_left(std::isnan(value) ? "NaN" : format_log2(value), kMagnitudeWidth) + "  " +
              page.ink(horizontal_bar(length, bar_width, page.unicode()),
                       decades_below > 6   ? Ink::bad
                       : decades_below > 3 ? Ink::warning
                                           : Ink::plain));
  }
}

std::string with_spaces(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

/// A factor that is often near 1, where two digits would not tell it from 1.
std::string factor_text(double log2) {
  return std::abs(log2) < 5 ? fmt::format("{:.3g}", std::exp2(log2)) : format_log2(log2);
}

void write_causes(Page& page, const TimeFlow& flow) {
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    const auto cause = static_cast<TimeCause>(i);
    const double total = flow.part(cause);
    if (std::abs(total) < 0.05) continue;
    page.line(fmt::format("  {:<{}} {:>+7.2f} decades, x {}/step", with_spaces(to_string(cause)),
                          kCauseWidth, total * kLog10Of2,
                          factor_text(total / static_cast<double>(flow.steps))));
  }
}

/// The way that belongs to a gate: through its recurrent weights.
TimeQuantity way_of(TimeQuantity gate) {
  const int offset = static_cast<int>(TimeQuantity::grad_h_by_input_gate) -
                     static_cast<int>(TimeQuantity::input_gate);
  return static_cast<TimeQuantity>(static_cast<int>(gate) + offset);
}

void write_gates(Page& page, const TimeFlow& flow) {
  const auto share_text = [&](TimeQuantity way) {
    const auto it = std::find_if(flow.shares.begin(), flow.shares.end(),
                                 [&](const WayShare& one) { return one.way == way; });
    return it == flow.shares.end() ? std::string("-") : format_percent(it->share);
  };
  const auto row = [&](std::string_view name, std::string_view mean, std::string_view low,
                       std::string_view high, std::string_view share) {
    return "  " + pad_right(name, kNameWidth) + " " + pad_left(mean, 6) + " " + pad_left(low, 9) +
           " " + pad_left(high, 9) + " " + pad_left(share, 8);
  };
  if (flow.gates.empty()) return;
  page.line(page.ink(row("gate", "mean", "flat low", "flat high", "way back"), Ink::faint));
  for (const GateSummary& gate : flow.gates) {
    const bool is_state = gate.gate == TimeQuantity::h;
    page.line(row(is_state ? "h" : with_spaces(to_string(gate.gate)),
                  std::isnan(gate.mean) ? "NaN" : fmt::format("{:.3f}", gate.mean),
                  format_percent(gate.low_fraction), format_percent(gate.high_fraction),
                  is_state ? "-" : share_text(way_of(gate.gate))));
  }
  const std::string carry = share_text(TimeQuantity::grad_h_by_carry);
  if (carry != "-") page.line(row("carry, the direct way", "", "", "", carry));
}

}  // namespace

void write_time(Page& page, const Run& run, const StepRecord& step) {
  if (step.times.empty()) return;
  page.line();
  page.line(page.ink(fmt::format("Step {}: how much gradient reaches each time step", step.step),
                     Ink::strong));
  bool first = true;
  for (const TimeRecord& record : step.times) {
    if (!std::exchange(first, false)) page.line();
    const TimeFlow flow = time_flow(run.info, step, record);
    page.line("  " + shorten(page.clean(title_of(run, record)), page.width() - 2));
    page.paragraph("", summary_of(flow), 2);
    write_bars(page, record);
    if (flow.steps > 0) write_causes(page, flow);
    write_gates(page, flow);
  }
}

}  // namespace plumb
