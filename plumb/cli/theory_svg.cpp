// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/cli/theory_output.h"

namespace plumb::cli {

namespace {

constexpr double kLeft = 64, kTop = 44, kPlotWidth = 640, kPlotHeight = 400;
constexpr double kPageWidth = kLeft + kPlotWidth + 24, kPageHeight = kTop + kPlotHeight + 92;

/// White at chi1 = 1; blue where the gradient vanishes, orange where it explodes; full at a factor
/// e a layer.
std::string colour(double log_chi1) {
  const double strength = std::pow(std::min(1.0, std::abs(log_chi1)), 0.6);
  const int full[2][3] = {{0, 99, 160}, {200, 90, 0}};
  const int* const to = full[log_chi1 < 0 ? 0 : 1];
  const auto mix = [&](int channel) {
    return static_cast<int>(std::lround(255 + strength * (to[channel] - 255)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

/// Places of the plot.
struct Frame {
  double weight_min, weight_max, bias_min, bias_max;
  double x(double weight_std) const {
    return kLeft + kPlotWidth * (weight_std - weight_min) / (weight_max - weight_min);
  }
  double y(double bias_std) const {
    return kTop + kPlotHeight * (1 - (bias_std - bias_min) / (bias_max - bias_min));
  }
};

// Each cell stands around its point; half of those at the edge is cut off.
std::string cells(const theory::PhaseDiagram& diagram, const Frame& frame) {
  std::string out = fmt::format(
      "<clipPath id=\"plot\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n"
      "<g clip-path=\"url(#plot)\" shape-rendering=\"crispEdges\">\n",
      kLeft, kTop, kPlotWidth, kPlotHeight);
  const double width = kPlotWidth / static_cast<double>(diagram.weight_std.size() - 1);
  const double height = kPlotHeight / static_cast<double>(diagram.bias_std.size() - 1);
  for (std::size_t r = 0; r < diagram.bias_std.size(); ++r) {
    const double y = frame.y(diagram.bias_std[r]) - height / 2;
    for (std::size_t c = 0; c < diagram.weight_std.size(); ++c) {
      const double x = frame.x(diagram.weight_std[c]) - width / 2;
      out += fmt::format(
          "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"/>\n", x,
          y, width, height, colour(diagram.log_chi1[r][c]));
    }
  }
  return out + "</g>\n";
}

std::string axes(const Frame& frame) {
  std::string out;
  for (int i = 0; i <= 4; ++i) {
    const double weight = frame.weight_min + (frame.weight_max - frame.weight_min) * i / 4;
    const double bias = frame.bias_min + (frame.bias_max - frame.bias_min) * i / 4;
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.3g}</text>\n",
                       frame.x(weight), kTop + kPlotHeight + 18, weight);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n",
                       kLeft - 8, frame.y(bias) + 4, bias);
  }
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">weight std</text>\n",
                     kLeft + kPlotWidth / 2, kTop + kPlotHeight + 38);
  out += fmt::format(
      "<text transform=\"translate(18 {:.1f}) rotate(-90)\" text-anchor=\"middle\">bias "
      "std</text>\n",
      kTop + kPlotHeight / 2);
  return out;
}

std::string critical_line(const theory::PhaseDiagram& diagram, const Frame& frame) {
  std::string out;
  for (const theory::CriticalPoint& point : diagram.line) {
    if (point.scale.weight_std < frame.weight_min || point.scale.weight_std > frame.weight_max)
      continue;
    out += fmt::format(
        "<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"3\" fill=\"{}\" stroke=\"#1d2329\"/>\n",
        frame.x(point.scale.weight_std), frame.y(point.scale.bias_std),
        point.stable ? "#1d2329" : "white");
  }
  return out;
}

}  // namespace

std::string theory_svg(const TheoryAnswer& answer) {
  const theory::PhaseDiagram& diagram = *answer.diagram;
  const Frame frame{diagram.weight_std.front(), diagram.weight_std.back(), diagram.bias_std.front(),
                    diagram.bias_std.back()};
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" "
      "fill=\"#1d2329\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kPageWidth, kPageHeight);
  out += fmt::format(
      "<text x=\"{:.0f}\" y=\"26\" font-size=\"16\" font-weight=\"700\">{}: does the gradient "
      "vanish or explode?</text>\n",
      kLeft, escaped(answer.activation));
  out += cells(diagram, frame) + axes(frame) + critical_line(diagram, frame);
  if (answer.chain && answer.scale.weight_std <= frame.weight_max &&
      answer.scale.bias_std <= frame.bias_max) {
    out += fmt::format(
        "<path d=\"M{0:.2f} {1:.2f} m-7 -7 l14 14 m0 -14 l-14 14\" stroke=\"#c2361a\" "
        "stroke-width=\"3\"/>\n",
        frame.x(answer.scale.weight_std), frame.y(answer.scale.bias_std));
  }
  out += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\">blue: it vanishes; orange: it explodes; full colour at a "
      "factor e a layer (squared norm)</text>\n",
      kLeft, kTop + kPlotHeight + 62);
  out += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\">dots: critical; open dots: chi1 = 1, but the length runs "
      "away; cross: the scales asked for</text>\n",
      kLeft, kTop + kPlotHeight + 80);
  return out + "</svg>\n";
}

}  // namespace plumb::cli
