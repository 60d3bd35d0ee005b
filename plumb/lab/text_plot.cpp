// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/text_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/report/flow_bars.h"
#include "plumb/report/number_text.h"
#include "plumb/report/text.h"

namespace plumb::lab {

namespace {

constexpr int kRows = 14;
constexpr int kLabel = 9;  // columns of the labels of the y axis
constexpr const char* kMarks = "abcdefghijklmnopqrstuvwxyz";

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  bool empty() const { return low > high; }
  double at(double v) const { return high > low ? (v - low) / (high - low) : 0.5; }
};

class Grid {
 public:
  Grid(int columns, Range x, Range y)
      : columns_(columns),
        x_(x),
        y_(y),
        rows_(kRows, std::string(static_cast<std::size_t>(columns), ' ')) {}
  void mark(double x, double y, char c) {
    if (!std::isfinite(x) || !std::isfinite(y)) return;
    const auto column = static_cast<std::size_t>(std::lround(x_.at(x) * (columns_ - 1)));
    const auto row = static_cast<std::size_t>(std::lround((1 - y_.at(y)) * (kRows - 1)));
    rows_[row][column] = c;
  }
  /// Marks every column between two points.
  void join(double x0, double y0, double x1, double y1, char c) {
    const int steps = std::max(1, static_cast<int>(std::abs(x_.at(x1) - x_.at(x0)) * columns_));
    for (int i = 0; i <= steps; ++i) {
      const double t = static_cast<double>(i) / steps;
      mark(x0 + t * (x1 - x0), y0 + t * (y1 - y0), c);
    }
  }
  const std::vector<std::string>& rows() const { return rows_; }

 private:
  int columns_;
  Range x_, y_;
  std::vector<std::string> rows_;
};

void draw_series(Grid& grid, const Series& series, char c) {
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const bool joined = i > 0 && series.style != SeriesStyle::points;
    if (joined && std::isfinite(series.y[i - 1]) && std::isfinite(series.y[i])) {
      grid.join(series.x[i - 1], series.y[i - 1], series.x[i], series.y[i], c);
    } else {
      grid.mark(series.x[i], series.y[i], c);
    }
  }
}

std::vector<std::string> draw_lines(const Plot& plot, int width) {
  Range x, y;
  for (const Series& series : plot.series) {
    for (const double v : series.x) x.add(v);
    for (const double v : series.y) y.add(v);
  }
  if (x.empty() || y.empty()) return {"(nothing to draw)"};
  const int columns = width - kLabel - 2;
  Grid grid(columns, x, y);
  for (const Series& series : plot.series) {
    if (series.style == SeriesStyle::dashed) draw_series(grid, series, '.');
  }
  std::vector<std::string> legend;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    const bool dashed = series.style == SeriesStyle::dashed;
    const char c = dashed ? '.' : kMarks[i % 26];
    if (!dashed) draw_series(grid, series, c);
    const std::string entry = fmt::format("{:>{}} {} {}", "", kLabel, c, series.name);
    if (std::ranges::find(legend, entry) == legend.end()) legend.push_back(entry);
  }
  std::vector<std::string> lines{fmt::format("{:>{}}  {}", "", kLabel, plot.y.name)};
  for (int row = 0; row < kRows; ++row) {
    const bool labelled = row == 0 || row == kRows - 1 || row == (kRows - 1) / 2;
    const double value = y.high - (y.high - y.low) * row / (kRows - 1);
    lines.push_back(fmt::format("{:>{}} |{}", labelled ? axis_value(plot.y, value) : "", kLabel,
                                grid.rows()[static_cast<std::size_t>(row)]));
  }
  lines.push_back(
      fmt::format("{:>{}} +{}", "", kLabel, std::string(static_cast<std::size_t>(columns), '-')));
  const std::string left = axis_value(plot.x, x.low), right = axis_value(plot.x, x.high);
  const int middle = columns - static_cast<int>(left.size() + right.size());
  lines.push_back(fmt::format("{:>{}}  {}{:^{}}{}", "", kLabel, left, shorten(plot.x.name, middle),
                              middle, right));
  lines.insert(lines.end(), legend.begin(), legend.end());
  return lines;
}

std::vector<std::string> draw_bars(const Plot& plot, int width, bool unicode) {
  Range y;
  if (!plot.y.log) y.add(0);
  for (const Series& series : plot.series) {
    for (const double v : series.y) y.add(v);
  }
  // On a log axis the shortest bar is still one.
  if (plot.y.log) y.low -= 0.05 * std::max(1.0, y.high - y.low);
  constexpr int kName = 30, kValue = 10;
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < plot.categories.size(); ++c) {
    if (plot.series.size() > 1) lines.push_back(plot.categories[c]);
    for (const Series& series : plot.series) {
      const std::string name = plot.series.size() > 1 ? "  " + series.name : plot.categories[c];
      const double v = c < series.y.size() ? series.y[c] : std::nan("");
      const std::string bar =
          std::isfinite(v) ? horizontal_bar(y.at(v), width - kName - kValue - 2, unicode) : "";
      lines.push_back(fmt::format("{} {:>{}} {}", pad_right(shorten(name, kName), kName),
                                  axis_value(plot.y, v), kValue, bar));
    }
  }
  return lines;
}

std::vector<std::string> draw_heat(const Plot& plot) {
  Range colour;
  for (const Series& series : plot.series) {
    for (const double v : series.y) colour.add(v);
  }
  std::vector<std::string> lines;
  for (const Series& series : plot.series) {
    std::string cells;
    for (const double v : series.y) {
      cells += std::isfinite(v) ? static_cast<char>('0' + std::lround(9 * colour.at(v))) : '?';
      cells += ' ';
    }
    lines.push_back(fmt::format("{} {}", pad_left(shorten(series.name, 16), 16), cells));
  }
  if (!plot.categories.empty()) {
    lines.push_back(fmt::format("{:>16} {} .. {}: {}", "", plot.categories.front(),
                                plot.categories.back(), plot.x.name));
  }
  lines.push_back(fmt::format("{:>16} 0 is {}, 9 is {}: {}", "", axis_value(plot.y, colour.low),
                              axis_value(plot.y, colour.high), plot.y.name));
  return lines;
}

}  // namespace

std::string axis_value(const Axis& axis, double value) {
  if (!std::isfinite(value)) return "-";
  return axis.log ? format_log10(value) : fmt::format("{:.3g}", value);
}

std::vector<std::string> draw(const Plot& plot, int width, bool unicode) {
  width = std::max(width, 60);
  std::vector<std::string> lines;
  switch (plot.kind) {
    case PlotKind::line: lines = draw_lines(plot, width); break;
    case PlotKind::bars: lines = draw_bars(plot, width, unicode); break;
    case PlotKind::heat: lines = draw_heat(plot); break;
  }
  for (std::string& line : lines) {
    line = shorten(line, width);
    while (!line.empty() && line.back() == ' ') line.pop_back();
  }
  return lines;
}

}  // namespace plumb::lab
