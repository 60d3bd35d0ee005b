// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/report/flow_bars.h"
#include "plumb/report/join_lines.h"
#include "plumb/report/layer_lines.h"
#include "plumb/report/number_text.h"
#include "plumb/report/predicted_flow.h"
#include "plumb/report/run_keeper.h"
#include "plumb/report/terminal_page.h"
#include "plumb/report/terminal_time.h"
#include "plumb/report/text.h"

namespace plumb {

namespace {

constexpr int kMagnitudeWidth = 9;  // "3.0e-1200"
constexpr int kPercentWidth = 4;
constexpr double kMinDecades = 3;
constexpr double kLeastDecades = 0.005;  // less is written 0.00
constexpr int kWideEnoughForDead = 70;
constexpr int kWideEnoughForTheory = 78;

Ink ink_of(Severity severity) {
  switch (severity) {
    case Severity::note: return Ink::strong;
    case Severity::warning: return Ink::warning;
    case Severity::critical: return Ink::bad;
  }
  return Ink::plain;
}

const char* heading_of(Severity severity) {
  switch (severity) {
    case Severity::note: return "NOTE";
    case Severity::warning: return "WARNING";
    case Severity::critical: return "CRITICAL";
  }
  return "";
}

std::string setting_of(const RunInfo& info, std::string_view key) {
  for (const auto& [name, value] : info.settings) {
    if (name == key) return value;
  }
  return "";
}

/// "adam, rate 0.001, init pytorch, batch 32": how it was trained, as far as the run knows.
std::string how_trained(const RunInfo& info) {
  std::string how;
  const auto add = [&](const std::string& part) { how += (how.empty() ? "" : ", ") + part; };
  if (!info.optimiser.empty()) add(info.optimiser);
  if (const std::string rate = setting_of(info, "lr"); !rate.empty()) add("rate " + rate);
  if (const std::string init = setting_of(info, "init"); !init.empty()) add("init " + init);
  if (info.batch > 0) add(fmt::format("batch {}", info.batch));
  return how;
}

void write_verdict(Page& page, const Run& run, const Diagnosis& diagnosis) {
  page.line(page.ink(shorten(page.clean(run.info.title()), page.width()), Ink::strong));
  std::string about = run.info.kind;
  if (!run.info.data.empty()) about += ", " + run.info.data;
  if (const std::string how = how_trained(run.info); !how.empty()) about += ", " + how;
  about += fmt::format(", seed {}", run.info.seed);
  if (!run.end) {
    about += ", cut off";
  } else if (run.end->reason != "finished") {
    about += ", " + run.end->reason;
  }
  page.line(page.ink(shorten(page.clean(about), page.width()), Ink::faint));
  page.line();
  const std::string text = verdict(diagnosis);
  const std::vector<Finding>& findings = diagnosis.findings();
  const Severity worst = findings.empty() ? Severity::note : findings.front().severity;
  switch (diagnosis.outcome()) {
    case Outcome::healthy: page.paragraph("HEALTHY", text, 10, Ink::good); break;
    case Outcome::converged: page.paragraph("CONVERGED", text, 11, Ink::good); break;
    case Outcome::not_learning: {
      const bool alarm = worst > Severity::note;
      page.paragraph(alarm ? heading_of(worst) : "NOT LEARNING", text, alarm ? 10 : 14,
                     alarm ? ink_of(worst) : Ink::bad);
      break;
    }
    case Outcome::sick: page.paragraph(heading_of(worst), text, 10, ink_of(worst)); break;
    case Outcome::too_early:
      if (run.info.kind == "probe") {
        page.paragraph("START OK", text, 10, Ink::good);
      } else {
        page.paragraph("TOO EARLY", text, 11, Ink::strong);
      }
      break;
    case Outcome::not_measured:
    case Outcome::not_recorded: page.paragraph("UNKNOWN", text, 10, Ink::faint); break;
  }
}

struct Columns {
  int depth = 4, layer = 14, bar = 10;
  bool dead = true;
  bool theory = false;
};

Columns lay_out(const std::vector<LayerLine>& lines, int width, bool has_theory) {
  Columns columns;
  columns.theory = has_theory && width >= kWideEnoughForTheory;
  columns.dead = width >= kWideEnoughForDead;
  int longest = 11;
  for (const auto& line : lines) longest = std::max(longest, display_width(line.text));
  const int fixed = columns.depth + 3 * kMagnitudeWidth + kPercentWidth * (columns.dead ? 2 : 1) +
                    (columns.dead ? 7 : 6) + (columns.theory ? kMagnitudeWidth + 1 : 0);
  const int left = width - fixed;
  columns.layer = std::clamp(left - 8, 11, std::min(longest, 24));
  columns.bar = std::min(left - columns.layer, 40);
  return columns;
}

Ink ink_of_flow(double decades_below) {
  if (decades_below > 6) return Ink::bad;
  return decades_below > 3 ? Ink::warning : Ink::plain;
}

/// What "flat" says, since relu's zero half is in it.
void explain_flat(Page& page, const std::vector<LayerLine>& lines) {
  const bool any = std::any_of(lines.begin(), lines.end(), [](const LayerLine& line) {
    return std::isfinite(line.saturated_fraction);
  });
  if (!any) return;
  page.line(
      page.ink(page.width() < 80
                   ? "     flat: its activation is; half is normal for relu"
                   : "     flat: elements where the activation is flat; half is normal for relu",
               Ink::faint));
}

void write_layers(Page& page, const Run& run, const StepRecord& step,
                  const std::vector<Finding>& findings, int max_layers) {
  const bool later_is_broken =
      gradient_is_finite(step) && !gradient_is_finite(*run.measured().back());
  const auto lines = make_layer_lines(run.info, step);
  if (lines.empty()) return;
  std::vector<LayerId> keep;
  keep.reserve(findings.size());
  for (const auto& finding : findings) keep.push_back(layer_at(run.info, finding.place));
  const auto shown = select_lines(lines, static_cast<std::size_t>(std::max(max_layers, 3)), keep);

  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const auto& line : lines) {
    if (!std::isfinite(line.flow.log2_grad_z)) continue;
    low = std::min(low, line.flow.log2_grad_z);
    high = std::max(high, line.flow.log2_grad_z);
  }
  low = std::min(low, high - kMinDecades / kLog10Of2);

  const auto predicted = predict_flow(run.info, step);
  const Columns columns = lay_out(lines, page.width(), predicted.has_value());
  const auto row = [&](std::string_view depth, std::string_view layer, std::string_view theory,
                       std::string_view flow, const std::string& bar, std::string_view grad,
                       std::string_view update, std::string_view saturated, std::string_view dead) {
    std::string text = pad_left(depth, columns.depth) + " " +
                       pad_right(shorten(layer, columns.layer), columns.layer) + " " +
                       (columns.theory ? pad_left(theory, kMagnitudeWidth) + " " : "") +
                       pad_left(flow, kMagnitudeWidth) + " " + bar + " " +
                       pad_left(grad, kMagnitudeWidth) + " " + pad_left(update, kMagnitudeWidth) +
                       " " + pad_left(saturated, kPercentWidth);
    if (columns.dead) text += " " + pad_left(dead, kPercentWidth);
    return text;
  };
  page.line();
  page.line(page.ink(
      fmt::format("Step {}{}", step.step,
                  later_is_broken ? " (the last finite one): gradient by layer"
                                  : ": how much gradient reaches each layer (input first)"),
      Ink::strong));
  page.line(page.ink(
      row("#", "layer", "theory", "dLoss/dz",
          pad_right("log scale", columns.bar).substr(0, static_cast<std::size_t>(columns.bar)),
          "dLoss/dw", "update/w", "flat", "dead"),
      Ink::faint));
  for (const std::size_t i : shown) {
    const LayerLine& line = lines[i];
    const double value = line.flow.log2_grad_z;
    const bool finite = std::isfinite(value);
    std::string bar =
        horizontal_bar(finite ? (value - low) / (high - low) : 0, columns.bar, page.unicode());
    if (finite && value == low) bar = horizontal_bar(1e-9, columns.bar, page.unicode());
    bar = page.ink(bar, ink_of_flow(finite ? (high - value) * kLog10Of2 : 0));
    if (line.nonfinite) bar = page.ink(pad_right("NaN/Inf", columns.bar), Ink::bad);
    page.line(row(line.flow.beside.empty() ? std::to_string(line.flow.depth) : "",
                  page.clean(line.text),
                  columns.theory ? format_log2((*predicted)[i].log2_grad_z) : "",
                  line.nonfinite && !finite ? "NaN" : format_log2(value), bar,
                  format_log2(line.flow.log2_grad_weight), format_log2(line.flow.log2_update_ratio),
                  format_percent(line.saturated_fraction), format_percent(line.dead_fraction)));
  }
  if (shown.size() < lines.size()) {
    page.line(page.ink(fmt::format("     {} of {} layers: first, last, worst, even selection",
                                   shown.size(), lines.size()),
                       Ink::faint));
  }
  if (columns.theory) {
    page.line(
        page.ink("     theory: dLoss/dz in the mean field, from the last layer down", Ink::faint));
  }
  explain_flat(page, lines);
}

// Counted as the table counts; the path is what the network string, PyTorch and the run file know.
// What was read, the input, has no words of its own.
std::string place_of(const Run& run, LayerId id) {
  const LayerInfo& layer = run.info.layer(id);
  const std::string words = layer.text.empty() ? "" : layer.text + ", ";
  return fmt::format("{} ({}path {})", layer_text(run.info, id), words, layer.path);
}

std::string place_of(const Run& run, const Place& place) {
  const LayerId layer = layer_at(run.info, place);
  return layer == kNoLayer ? place_text(run.info, place) : place_of(run, layer);
}

std::string cause_name(Cause cause) {
  std::string name(to_string(cause));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void write_ledger(Page& page, const Run& run, const StepRecord& step) {
  const Ledger ledger = make_ledger(run.info, step);
  if (ledger.entries.empty() && ledger.ends_at == kNoLayer) return;
  page.line();
  page.line(page.ink("Gradient ledger: from the loss to the input", Ink::strong));
  if (!ledger.entries.empty()) {
    page.paragraph(
        "",
        fmt::format("The gradient is multiplied by {} ({:+.1f} powers of ten) over {} layers.",
                    format_log2(ledger.total), ledger.total * kLog10Of2, ledger.entries.size()),
        2);
  }
  if (ledger.ends_at != kNoLayer) {
    page.paragraph(
        "",
        fmt::format("The books end at {}: {}.", place_of(run, ledger.ends_at), end_text(ledger)),
        2);
  }
  std::vector<std::pair<Cause, double>> totals;
  // A bar of full length is a whole power of ten or more, so that books of hundredths look small.
  double widest = 1 / kLog10Of2;
  for (const Cause cause : kCauses) {
    const double total = ledger.total_of(cause);
    if (std::abs(total * kLog10Of2) < kLeastDecades) continue;
    totals.emplace_back(cause, total);
    widest = std::max(widest, std::abs(total));
  }
  std::stable_sort(totals.begin(), totals.end(),
                   [](const auto& a, const auto& b) { return a.second < b.second; });
  const int bar_width = std::min(page.width() - 50, 32);
  for (const auto& [cause, total] : totals) {
    const double length = std::abs(total) / widest;
    const std::string line =
        fmt::format("  {:<22} {:>+8.2f} decades {:<6} {}", cause_name(cause), total * kLog10Of2,
                    total < 0 ? "lost" : "gained",
                    bar_width < 6 ? "" : horizontal_bar(length, bar_width, page.unicode()));
    page.line(shorten(line, page.width()));
  }
}

void write_findings(Page& page, const Run& run, const std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    const FindingWords words = words_of(run.info, findings, finding);
    page.line();
    page.paragraph(fmt::format("{}. {}", i + 1, heading_of(finding.severity)),
                   fmt::format("{} at {}, {}", finding.rule, place_of(run, finding.place),
                               steps_text(finding.first_step, finding.last_step)),
                   13, ink_of(finding.severity));
    // The verdict has just said the first one in full; what follows from another has its remedies.
    const bool is_headline = i == 0 && finding.severity > Severity::note;
    const bool follows = finding.is_explained();
    if (!is_headline) page.paragraph("", words.symptom, 3);
    for (std::size_t k = 0; k < finding.evidence.size(); ++k) {
      const Evidence& evidence = finding.evidence[k];
      page.paragraph(
          "   evidence",
          fmt::format("{}: {:.4g} (threshold {:.4g}, {})", words.evidence_names[k],
                      evidence.fact.value, evidence.threshold, words.evidence_sources[k]),
          13, Ink::faint);
    }
    if (!is_headline && !words.cause.empty())
      page.paragraph("   cause", words.cause, 13, Ink::faint);
    if (!is_headline && !follows && !words.consequence.empty())
      page.paragraph("   then", words.consequence, 13, Ink::faint);
    for (std::size_t k = 0; !follows && k < words.remedies.size(); ++k) {
      page.paragraph(k == 0 ? "   remedy" : "   or", words.remedies[k], 13, Ink::good);
    }
  }
}

void write_joins(Page& page, const Run& run, const StepRecord& step,
                 const TerminalOptions& options) {
  const auto lines = render_joins(
      run, step,
      {.width = page.width(), .max_blocks = options.max_layers / 2, .books = options.books});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0) page.line();
    page.line(i > 1 ? lines[i] : page.ink(lines[i], i == 0 ? Ink::strong : Ink::faint));
  }
}

// The last one, unless the numbers broke on the way: then the last one that still says something.
const StepRecord* step_to_show(const Run& run, const TerminalOptions& options) {
  const auto measured = run.measured();
  if (!options.step) {
    const auto said = std::find_if(measured.rbegin(), measured.rend(), [](const StepRecord* step) {
      return gradient_is_finite(*step);
    });
    if (said != measured.rend()) return *said;
    return measured.empty() ? nullptr : measured.back();
  }
  const auto it = std::find_if(measured.begin(), measured.end(),
                               [&](const StepRecord* step) { return step->step == *options.step; });
  return it == measured.end() ? nullptr : *it;
}

}  // namespace

std::string render_verdict(const Run& run, const Diagnosis& diagnosis,
                           const TerminalOptions& options) {
  Page page(options);
  write_verdict(page, run, diagnosis);
  return page.take();
}

std::string render_verdict(const Run& run, const TerminalOptions& options) {
  return render_verdict(run, Diagnosis(run), options);
}

std::string render_table(const Run& run, const Diagnosis& diagnosis,
                         const TerminalOptions& options) {
  const std::vector<Finding>& findings = diagnosis.findings();
  Page page(options);
  write_verdict(page, run, diagnosis);
  if (const StepRecord* step = step_to_show(run, options)) {
    write_layers(page, run, *step, findings, options.max_layers);
    write_joins(page, run, *step, options);
    write_ledger(page, run, *step);
    write_time(page, run, *step);
  } else {
    page.line();
    page.line(options.step ? fmt::format("Step {} was not measured.", *options.step)
                           : std::string("No step of this run was measured."));
  }
  write_findings(page, run, findings);
  return page.take();
}

std::string render_table(const Run& run, const TerminalOptions& options) {
  return render_table(run, Diagnosis(run), options);
}

}  // namespace plumb
