// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>

#include "plumb/core/error.h"
#include "plumb/cure/chain_edit.h"
#include "plumb/nn/init.h"

namespace plumb {

namespace {

constexpr double kLeft = 78, kTop = 64, kWidth = 620, kHeight = 420;
constexpr double kPageWidth = kLeft + kWidth + 24, kPageHeight = kTop + kHeight + 112;
/// The paper and the ink of a reader who likes it dark are swapped; the cells keep their colours,
/// which are numbers.
constexpr const char* kStyle = R"(<style>
:root { color-scheme: light dark; --page: #ffffff; --ink: #1d2329; --theory: #c4302b; }
@media (prefers-color-scheme: dark) { :root { --page: #14181c; --ink: #e3e7ea; --theory: #ff7a6b; } }
body { margin: 0; background: var(--page); }
svg { fill: var(--ink); }
.page { fill: var(--page); }
.halo { fill: none; stroke: var(--page); stroke-width: 5; }
.theory { fill: none; stroke: var(--theory); stroke-width: 2.5; }
</style>
)";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Cell {
  double score = 0, reach = 0;  ///< sums
  int trained = 0, reaches = 0;
  const SweepPoint* any = nullptr;
  double mean() const { return trained > 0 ? score / trained : kNaN; }
};

/// [place on the second axis][place on the first].
using Cells = std::vector<std::vector<Cell>>;

Cells cells_of(const std::vector<SweepAxis>& axes, const std::vector<SweepPoint>& points) {
  Cells cells(axes[1].values.size(), std::vector<Cell>(axes[0].values.size()));
  const auto place = [&](const SweepPoint& point, std::size_t axis) {
    const auto& values = axes[axis].values;
    return static_cast<std::size_t>(std::find(values.begin(), values.end(), point.values[axis]) -
                                    values.begin());
  };
  for (const SweepPoint& point : points) {
    Cell& cell = cells[place(point, 1)][place(point, 0)];
    cell.any = &point;
    if (!point.problem.empty() || !point.training.finished) continue;
    cell.score += point.training.score;
    ++cell.trained;
    if (!point.training.log2_reach || !std::isfinite(*point.training.log2_reach)) continue;
    cell.reach += *point.training.log2_reach;
    ++cell.reaches;
  }
  return cells;
}

/// From pale yellow over green to dark blue: lightness falls all the way, so it reads without
/// colours too.
std::string colour(double share) {
  const int stops[4][3] = {{253, 240, 190}, {120, 198, 160}, {36, 120, 160}, {20, 30, 90}};
  const double at = 3 * std::clamp(share, 0.0, 1.0);
  const int low = std::min(2, static_cast<int>(at));
  const auto mix = [&](int channel) {
    const int from = stops[low][channel], to = stops[low + 1][channel];
    return static_cast<int>(std::lround(from + (at - low) * (to - from)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

std::string text_at(double x, double y, const char* anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

struct Frame {
  double cell_width, cell_height;
  /// Middle of a cell; the second axis goes up.
  double x(double place) const { return kLeft + (place + 0.5) * cell_width; }
  double y(double place) const { return kTop + kHeight - (place + 0.5) * cell_height; }
};

/// Whole numbers, ascending, that count the repeats of a chain; else empty.
std::vector<double> depths_of(const TrainConfig& base, const SweepAxis& axis) {
  if (base.network.find("{" + axis.name + "} x") == std::string::npos) return {};
  std::vector<double> depths;
  for (const std::string& value : axis.values) {
    char* end = nullptr;
    const double depth = std::strtod(value.c_str(), &end);
    if (end == value.c_str() || *end != '\0') return {};
    if (!depths.empty() && depth <= depths.back()) return {};
    depths.push_back(depth);
  }
  return depths;
}

/// Where a depth stands among those of the axis, half a cell beyond its ends at the most; NaN for
/// none.
double place_of(double depth, const std::vector<double>& depths) {
  if (!(depth > 0) || !std::isfinite(depth) || depths.size() < 2) return kNaN;
  const auto above = std::lower_bound(depths.begin(), depths.end(), depth);
  const auto i = std::clamp<std::ptrdiff_t>(above - depths.begin(), 1, std::ssize(depths) - 1);
  const double low = depths[static_cast<std::size_t>(i - 1)];
  const double high = depths[static_cast<std::size_t>(i)];
  const double place = static_cast<double>(i - 1) + (depth - low) / (high - low);
  return std::clamp(place, -0.5, static_cast<double>(depths.size()) - 0.5);
}

std::string theory_line(const std::vector<double>& depths, bool depth_is_first, const Cells& cells,
                        const Frame& frame) {
  const std::size_t count = depth_is_first ? cells.size() : cells.front().size();
  std::string out, path;
  const auto end_path = [&] {
    if (!path.empty()) {
      out += fmt::format("<path class=\"halo\" d=\"{0}\"/>\n<path class=\"theory\" d=\"{0}\"/>\n",
                         path);
    }
    path.clear();
  };
  for (std::size_t i = 0; i < count; ++i) {
    const Cell& cell = depth_is_first ? cells[i].front() : cells.front()[i];
    const auto field = cell.any == nullptr ? std::nullopt : mean_field_of(cell.any->config);
    const double place = field ? place_of(field->trainable_depth, depths) : kNaN;
    if (std::isnan(place)) {
      end_path();
      continue;
    }
    const double other = static_cast<double>(i);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L",
                        frame.x(depth_is_first ? place : other),
                        frame.y(depth_is_first ? other : place));
  }
  end_path();
  return out;
}

std::string axis_labels(const std::vector<SweepAxis>& axes, const Frame& frame) {
  constexpr std::size_t kMostLabels = 14;
  std::string out;
  for (const std::size_t axis : {0U, 1U}) {
    const auto& values = axes[axis].values;
    const std::size_t every = (values.size() + kMostLabels - 1) / kMostLabels;
    for (std::size_t i = 0; i < values.size(); i += every) {
      const double place = static_cast<double>(i);
      out += axis == 0 ? text_at(frame.x(place), kTop + kHeight + 18, "middle", values[i])
                       : text_at(kLeft - 8, frame.y(place) + 4, "end", values[i]);
    }
  }
  out += text_at(kLeft + kWidth / 2, kTop + kHeight + 40, "middle", axes[0].name);
  out += fmt::format(
      "<text transform=\"translate(20 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      kTop + kHeight / 2, escaped(axes[1].name));
  return out;
}

std::string legend(double least, double largest, bool has_line) {
  std::string out;
  const double y = kTop + kHeight + 66;
  constexpr int kSteps = 40;
  constexpr double kStep = 6;
  for (int i = 0; i < kSteps; ++i) {
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"14\" fill=\"{}\"/>\n",
                       kLeft + i * kStep, y, kStep + 0.5, colour(i / (kSteps - 1.0)));
  }
  const double end = kLeft + kSteps * kStep;
  out += text_at(kLeft, y + 32, "start", fmt::format("score {:.3g}", least));
  out += text_at(end, y + 32, "end", fmt::format("{:.3g}", largest));
  if (!has_line) return out;
  out += fmt::format("<path class=\"key theory\" d=\"M{:.1f} {:.1f} h36\"/>\n", end + 40, y + 7);
  return out + text_at(end + 84, y + 11, "start", "trainable depth by mean-field theory, 6 xi");
}

}  // namespace

std::optional<theory::MeanField> mean_field_of(const TrainConfig& config) {
  try {
    Items items = items_of(config.network);
    const std::string activation = usual_activation(items);
    if (activation.empty() || !theory::knows_activation(activation)) return std::nullopt;
    std::int64_t width = 0;
    visit_layers(items, [&](SpecItem& item) {
      if (width == 0 && role_of(item) == ItemRole::linear) {
        width = std::atoll(std::string(width_of(item)).c_str());
      }
    });
    if (width <= 0) return std::nullopt;
    const double weight = static_cast<double>(width) *
                          init_variance(parse_init(config.init, config.gain), width, width);
    const double bias = init_variance(parse_init(config.bias_init), width, width);
    if (!std::isfinite(weight) || !std::isfinite(bias)) return std::nullopt;
    const theory::MomentGrid grid(theory::make_activation(activation));
    return theory::analyse(grid, {std::sqrt(weight), std::sqrt(bias)});
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string sweep_map(const TrainConfig& base, const std::vector<SweepAxis>& axes,
                      const std::vector<SweepPoint>& points) {
  if (axes.size() < 2) {
    throw SpecError(fmt::format("page: {} axis, expected two or more: a map has two", axes.size()));
  }
  const Cells cells = cells_of(axes, points);
  double least = std::numeric_limits<double>::infinity(), largest = -least;
  for (const auto& row : cells) {
    for (const Cell& cell : row) {
      if (cell.trained == 0) continue;
      least = std::min(least, cell.mean());
      largest = std::max(largest, cell.mean());
    }
  }
  const Frame frame{kWidth / static_cast<double>(axes[0].values.size()),
                    kHeight / static_cast<double>(axes[1].values.size())};
  std::string map;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t c = 0; c < cells[r].size(); ++c) {
      const Cell& cell = cells[r][c];
      if (cell.trained == 0) continue;
      const double share = largest > least ? (cell.mean() - least) / (largest - least) : 1;
      std::string said =
          fmt::format("{} = {}, {} = {}: score {:.3g}", axes[0].name, axes[0].values[c],
                      axes[1].name, axes[1].values[r], cell.mean());
      if (cell.reaches > 0) said += fmt::format(", reach 2^{:.3g}", cell.reach / cell.reaches);
      map += fmt::format(
          "<rect class=\"cell\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" "
          "fill=\"{}\"><title>{}</title></rect>\n",
          frame.x(static_cast<double>(c)) - frame.cell_width / 2,
          frame.y(static_cast<double>(r)) - frame.cell_height / 2, frame.cell_width,
          frame.cell_height, colour(share), escaped(said));
    }
  }
  std::string line;
  for (const std::size_t axis : {0U, 1U}) {
    const std::vector<double> depths = depths_of(base, axes[axis]);
    if (line.empty() && !depths.empty()) line = theory_line(depths, axis == 0, cells, frame);
  }
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n"
      "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
      kPageWidth, kPageHeight);
  svg += fmt::format("<text x=\"{:.0f}\" y=\"26\" font-size=\"16\" font-weight=\"700\">{}</text>\n",
                     kLeft, escaped(base.network));
  svg += text_at(kLeft, 48, "start", fmt::format("{}, {} trainings", base.data, points.size()));
  svg += "<g shape-rendering=\"crispEdges\">\n" + map + "</g>\n" + line + axis_labels(axes, frame);
  if (largest >= least) svg += legend(least, largest, !line.empty());
  return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>" +
         escaped(base.network) + "</title>\n" + kStyle + svg + "</svg>\n</html>\n";
}

}  // namespace plumb
