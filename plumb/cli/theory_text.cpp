// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/cli/theory_output.h"
#include "plumb/cli/wrap_lines.h"
#include "plumb/report/number_text.h"
#include "plumb/theory/gate.h"

namespace plumb::cli {

namespace {

using theory::MeanField;
using theory::Phase;

constexpr int kWordsColumn = 34;
constexpr int kLeastWidth = 80;  // the diagram cannot be wrapped

std::string number(double value) {
  if (std::isnan(value)) return "-";
  return std::isinf(value) ? (value > 0 ? "infinite" : "-infinite") : fmt::format("{:.7g}", value);
}

std::string layers(double value) {
  if (!std::isfinite(value)) return number(value);
  return fmt::format("{:.4g} layers", value);
}

void line(std::string& out, const char* name, const std::string& value, const std::string& words) {
  auto text = fmt::format("  {:<16}{:<15} {}", name, value, words);
  text.erase(text.find_last_not_of(' ') + 1);
  out += text + "\n";
}

std::string words_for_gradient(const MeanField& chain) {
  if (chain.phase == Phase::critical) return "the gradient keeps its size";
  if (chain.reached.chi1 == 0) return "no gradient comes through";
  return fmt::format("the gradient norm {} by {:.4g} a layer towards the input",
                     chain.reached.chi1 < 1 ? "shrinks" : "grows", std::sqrt(chain.reached.chi1));
}

std::string words_for_depth(const MeanField& chain) {
  switch (chain.phase) {
    case Phase::ordered: return "by the rule of 6 depth scales (Schoenholz et al. 2017)";
    case Phase::chaotic:
      return "the rule of 6 depth scales is a bound here: exploding gradients end it earlier";
    case Phase::critical: return "no depth scale; width and time of training set the limit";
  }
  return "";
}

std::string words_for_length(const theory::FixedPoint& point) {
  if (point.q == 0) return "the signal dies out";
  if (std::isinf(point.q)) return "the signal grows without bound";
  return point.stable ? "mean square of a pre-activation, in the end" : "kept, but unstable";
}

std::string chain_text(const TheoryAnswer& answer) {
  const MeanField& chain = *answer.chain;
  std::string out;
  line(out, "q*", number(chain.reached.q), words_for_length(chain.reached));
  line(out, "chi1", number(chain.reached.chi1), words_for_gradient(chain));
  line(out, "c*", number(chain.c_star), "correlation that two inputs end at");
  line(out, "xi_q", layers(chain.xi_q), "for the length, by e");
  line(out, "xi_c", layers(chain.xi_c), "for the correlation, by e");
  line(out, "xi_grad", layers(chain.xi_grad), "for the squared gradient, by e; negative: it grows");
  line(out, "phase", theory::to_string(chain.phase), "");
  line(out, "trainable depth",
       (chain.trainable_depth_is_bound ? "below " : "") +
           fmt::format("{:.3g}", chain.trainable_depth),
       words_for_depth(chain));
  if (answer.fixed_points.size() > 1) {
    for (const theory::FixedPoint& point : answer.fixed_points) {
      line(out, "fixed length", number(point.q),
           fmt::format("{}, chi1 {:.7g}", point.stable ? "stable" : "unstable", point.chi1));
    }
  }
  return out;
}

std::string critical_text(const TheoryAnswer& answer) {
  std::string out;
  for (const theory::CriticalPoint& point : answer.critical) {
    const std::string stability =
        point.stable ? "stable"
                     : fmt::format("unstable: the length runs away by {:.4g} a layer", point.slope);
    line(out, "critical gain", fmt::format("{:.9g}", point.scale.weight_std),
         fmt::format("at this bias std; q {:.6g}, {}", point.q, stability));
  }
  if (answer.critical.empty()) line(out, "critical gain", "none", "at this bias std");
  return out;
}

std::string depth_text(const DepthAnswer& answer) {
  std::string out = fmt::format("\n  Over {} layers:\n", answer.depth);
  line(out, "length", number(answer.length), "of the last pre-activation");
  line(out, "gradient norm", "x " + format_log10(answer.log10_mean),
       "from the last layer to the first: root mean square over networks");
  line(out, "typically", "x " + format_log10(answer.log10_typical),
       fmt::format("in a network of width {}", answer.width));
  line(out, "residual", "x " + format_log10(answer.log10_residual),
       fmt::format("for blocks x + f(W x + b) instead; length {}", number(answer.residual_length)));
  return out;
}

// Layers for one e-fold of the squared gradient decide the shade: none is darker than one layer.
const char* shade(double log_chi1, bool unicode) {
  const double strength = std::abs(log_chi1);
  const int level = strength < 1e-3 ? 0 : strength < 0.05 ? 1 : strength < 0.3 ? 2 : 3;
  static constexpr const char* kOrdered[2][4] = {{"0", "-", "-", "="}, {"0", "-", "-", "="}};
  static constexpr const char* kChaotic[2][4] = {{"0", "+", "x", "#"},
                                                 {"0", "\u2591", "\u2592", "\u2593"}};
  return (log_chi1 < 0 ? kOrdered : kChaotic)[unicode ? 1 : 0][level];
}

std::string diagram_text(const TheoryAnswer& answer, bool unicode) {
  const theory::PhaseDiagram& diagram = *answer.diagram;
  const auto& columns = diagram.weight_std;
  const double spacing = columns[1] - columns[0];
  std::string out = "\n  bias std\n";
  for (std::size_t r = diagram.bias_std.size(); r-- > 0;) {
    std::vector<std::string> cells;
    for (const double value : diagram.log_chi1[r]) cells.emplace_back(shade(value, unicode));
    for (const theory::CriticalPoint& point : diagram.line) {
      if (point.scale.bias_std != diagram.bias_std[r]) continue;
      const double place = std::round((point.scale.weight_std - columns[0]) / spacing);
      if (place < 0 || place >= static_cast<double>(cells.size())) continue;
      cells[static_cast<std::size_t>(place)] = point.stable ? "C" : "U";
    }
    const bool labelled = r % 5 == 0;
    out += labelled ? fmt::format("  {:>8.3g} ", diagram.bias_std[r]) : std::string(11, ' ');
    for (const std::string& cell : cells) out += cell;
    out += "\n";
  }
  std::string axis;
  for (std::size_t c = 0; c < columns.size(); c += 15) {
    axis += fmt::format("{:<15}", fmt::format("{:.3g}", columns[c]));
  }
  axis.erase(axis.find_last_not_of(' ') + 1);
  out += std::string(11, ' ') + axis + "\n" + std::string(11, ' ') + "weight std\n";
  out += unicode ? "\n  - = ordered (the gradient vanishes); \u2591 \u2592 \u2593 chaotic (it "
                   "explodes); darker: faster\n"
                 : "\n  - = ordered (the gradient vanishes); + x # chaotic (it explodes); darker: "
                   "faster\n";
  out += "  C critical; U chi1 = 1, but the length runs away\n";
  return out;
}

}  // namespace

std::string theory_text(const TheoryAnswer& answer, bool unicode, int width) {
  std::string out;
  if (!answer.activation.empty()) {
    out = answer.activation;
    if (answer.chain) out += fmt::format(", weight std {:.6g}", answer.scale.weight_std);
    out +=
        fmt::format(", bias std {:.6g}; in the mean field (infinite width, at initialisation)\n\n",
                    answer.scale.bias_std);
    if (answer.chain) out += chain_text(answer);
    out += critical_text(answer);
    if (answer.depth) out += depth_text(*answer.depth);
  }
  if (answer.batch_norm) {
    line(out, "batch norm", number(*answer.batch_norm),
         "growth of the gradient norm a layer, dense > bn > activation, large batch");
  }
  if (answer.gate_bias) {
    const double keep = theory::gate_value(*answer.gate_bias);
    line(out, "gate", number(keep),
         fmt::format("kept each step; half is left after {:.4g} steps", theory::half_life(keep)));
  }
  if (answer.diagram) out += diagram_text(answer, unicode);
  return wrap_lines(out, std::max(width, kLeastWidth), kWordsColumn);
}

}  // namespace plumb::cli
