// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/lab_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/lab/text_plot.h"
#include "plumb/report/number_text.h"
#include "plumb/report/text.h"

namespace plumb::lab {

namespace {

constexpr int kTextWidth = 80;

class Writer {
 public:
  explicit Writer(const TerminalOptions& options)
      : options_(options), width_(std::clamp(options.width, 60, kTextWidth)) {}

  int width() const { return width_; }
  bool unicode() const { return options_.unicode; }
  void line(std::string_view text = "") { out_ += fmt::format("{}\n", text); }
  void text(std::string_view text, int indent = 0) {
    for (const std::string& wrapped : wrap(printable(text, !options_.unicode), width_ - indent)) {
      line(std::string(static_cast<std::size_t>(indent), ' ') + wrapped);
    }
  }
  void heading(std::string_view text) { line(bold(text)); }
  std::string bold(std::string_view text) const { return painted(text, "1"); }
  std::string judged(std::string_view text, bool good) const {
    return painted(text, good ? "32" : "31");
  }
  std::string take() { return std::move(out_); }

 private:
  std::string painted(std::string_view text, const char* code) const {
    return options_.colour ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
  }

  TerminalOptions options_;
  int width_;
  std::string out_;
};

void write(Writer& out, const Table& table) {
  out.heading(table.title);
  std::vector<int> widths;
  for (const std::string& head : table.head) widths.push_back(display_width(head));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  int total = 2 * static_cast<int>(widths.size());
  for (const int width : widths) total += width;
  // What does not fit is taken from the widest column.
  for (; total > out.width(); --total) --*std::ranges::max_element(widths);
  const auto row = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = shorten(cells[i], widths[i]);
      line += "  " + (i == 0 ? pad_right(cell, widths[i]) : pad_left(cell, widths[i]));
    }
    out.line(line);
  };
  row(table.head);
  for (const auto& cells : table.rows) row(cells);
  out.line();
}

void write(Writer& out, const Plot& plot) {
  out.heading(plot.title);
  for (const std::string& line : draw(plot, out.width(), out.unicode())) out.line(line);
  out.text(plot.how);
  out.line();
}

void write(Writer& out, const Paragraph& paragraph) {
  out.text(paragraph.text);
  out.line();
}

void write_claim(Writer& out, const Claim& claim) {
  out.text(fmt::format("Claim {}: {}", claim.number, claim.said));
  out.text(fmt::format("-> {}{}{}", to_string(claim.judgement), claim.truth.empty() ? "." : ". ",
                       claim.truth),
           2);
  out.line();
}

void write_checks(Writer& out, const Result& result) {
  out.heading("Measured, and held against numbers that were not measured here");
  for (const Check& check : result.checks) {
    const std::string claim = check.claim > 0 ? fmt::format("[{}] ", check.claim) : "";
    out.text(fmt::format("{} {}{}", check.ok ? "ok  " : "FAIL", claim, check.what));
    out.text(fmt::format("{}  {}  ({})", measured_text(check), expected_text(check), check.source),
             9);
  }
  out.line();
}

std::string value_text(const Check& check, double value) {
  return check.log ? format_log10(value) : number(value, 6);
}

}  // namespace

std::string measured_text(const Check& check) { return value_text(check, check.measured); }

std::string expected_text(const Check& check) {
  const std::string expected = value_text(check, check.expected);
  if (check.relation == Relation::at_most) return "at most " + expected;
  if (check.relation == Relation::at_least) return "at least " + expected;
  if (check.tolerance == 0) return "exactly " + expected;
  if (check.log && check.tolerance < 1e-6) return fmt::format("expected {}, to rounding", expected);
  if (check.log)
    return fmt::format("expected {}, within a factor of {}", expected,
                       number(std::pow(10, check.tolerance), 3));
  return fmt::format("expected {} +- {}", expected, number(check.tolerance, 2));
}

std::string verdict_line(const Result& result) {
  const auto failed = std::ranges::count(result.checks, false, &Check::ok);
  if (result.agrees()) return fmt::format("all {} checks hold", result.checks.size());
  return fmt::format("{} of {} checks fail", failed, result.checks.size());
}

std::string render_terminal(const Experiment& experiment, const Settings& settings,
                            const Result& result, const TerminalOptions& options) {
  Writer out(options);
  out.heading(experiment.title);
  out.line(command_line(experiment, settings));
  out.line();
  out.text(experiment.question);
  out.line();
  for (const Claim& claim : experiment.claims) write_claim(out, claim);
  for (const Part& part : result.parts) {
    std::visit([&](const auto& p) { write(out, p); }, part);
  }
  write_checks(out, result);
  const char* const verdict = result.agrees() ? "agrees" : "DISAGREES";
  out.line(fmt::format("{} {}: {} ({:.1f} s)", out.bold("Verdict"),
                       out.judged(verdict, result.agrees()), verdict_line(result), result.seconds));
  return out.take();
}

std::string render_list(const TerminalOptions& options) {
  Writer out(options);
  for (const Experiment& experiment : experiments()) {
    std::string claims;
    for (const Claim& claim : experiment.claims)
      claims += (claims.empty() ? "" : ",") + std::to_string(claim.number);
    out.line(fmt::format("{}  {}",
                         pad_right(out.bold(experiment.name), 16 + (options.colour ? 8 : 0)),
                         shorten(experiment.title, out.width() - 18)));
    out.line(fmt::format("{:16}  claims {}", "", claims));
  }
  return out.take();
}

}  // namespace plumb::lab
