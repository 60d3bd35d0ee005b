// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/join_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "plumb/flow/ledger.h"
#include "plumb/flow/way_gradient.h"
#include "plumb/report/number_text.h"
#include "plumb/report/text.h"

namespace plumb {

namespace {

constexpr int kWideEnoughForGates = 65;

void note_layers(const LayerGraph& graph, const LayerGraph::Chain& chain, JoinLine& line) {
  for (const LayerId id : chain) {
    const LayerInfo& layer = graph.info().layer(id);
    if (layer.family == LayerFamily::linear) {
      if (line.first_layer == 0) line.first_layer = layer.depth;
      line.last_layer = layer.depth;
    } else if (const auto* deepest = graph.deepest_way(id)) {
      note_layers(graph, deepest->chain, line);
    }
  }
}

using RecordedWay = std::optional<JoinWay>;

RecordedWay way_of(const LayerGraph& graph, const StepIndex& index, LayerId sum, Way name) {
  const LayerGraph::WayThrough* way = graph.way(sum, name);
  return way == nullptr ? std::nullopt : way_gradient(graph, index, sum, *way);
}

double log2_of(const RecordedWay& way) {
  return way ? way->log2_rms : std::numeric_limits<double>::quiet_NaN();
}

/// Between two ways, from what each has in the sum g of them all: with at most one more way c,
///   2 <a, b> = <a + b, g> - <a, a> - <b, b> - (<c, g> - <c, c>).
double cosine_between(const RecordedWay& a, const RecordedWay& b, const RecordedWay& c,
                      double log2_sum) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (!a || !b || !std::isfinite(a->log2_rms) || !std::isfinite(b->log2_rms)) return kNaN;
  // All in units of the larger of the two.
  const double unit = std::max(a->log2_rms, b->log2_rms);
  const auto square = [&](double log2) { return std::exp2(2 * (log2 - unit)); };
  const double aa = square(a->log2_rms), bb = square(b->log2_rms), sum = square(log2_sum);
  const double with_c = !c ? 0.0 : c->share * sum - square(c->log2_rms);
  const double product = ((a->share + b->share) * sum - aa - bb - with_c) / 2;
  return std::clamp(product / std::sqrt(aa * bb), -1.0, 1.0);
}

std::string layers_text(const JoinLine& line) {
  if (line.first_layer == 0) return "-";
  if (line.first_layer == line.last_layer) return std::to_string(line.first_layer);
  return fmt::format("{}-{}", line.first_layer, line.last_layer);
}

std::string cosine_text(double cosine) {
  return std::isfinite(cosine) ? fmt::format("{:+.2f}", cosine) : "-";
}

/// Places of `count` lines: all of them, or the first, the last and an even selection.
std::vector<std::size_t> thinned(std::size_t count, std::size_t at_most) {
  std::vector<std::size_t> places;
  const std::size_t shown = std::min(count, std::max<std::size_t>(at_most, 2));
  for (std::size_t i = 0; i < shown; ++i) {
    places.push_back(shown == 1 ? 0 : i * (count - 1) / (shown - 1));
  }
  return places;
}

using EntryMap = std::unordered_map<LayerId, const LedgerEntry*>;

void collect_blocks(const std::vector<LedgerEntry>& entries, EntryMap& blocks) {
  for (const LedgerEntry& entry : entries) {
    if (entry.ways.empty()) continue;
    blocks[entry.layer] = &entry;
    for (const LedgerWay& way : entry.ways) collect_blocks(way.entries, blocks);
  }
}

std::vector<std::string> parts_of(const LedgerEntry& entry) {
  std::vector<std::string> parts;
  for (const LedgerPart& part : entry.parts) {
    std::string name(to_string(part.cause));
    std::replace(name.begin(), name.end(), '_', ' ');
    parts.push_back(name + " " + format_log2(part.log2));
  }
  return parts;
}

/// One side of a block's books: a line for each cause, beside the layer where the width has room
/// for both, below it otherwise.
class BookTable {
 public:
  BookTable(const RunInfo& info, int width) : info_(info) {
    const int left = width - kMargin - kAttenuation - 2 - kLongestPart;
    beside_ = left >= kLeastText;
    text_ = std::clamp(beside_ ? left : width - kMargin - kAttenuation, kLeastText, kMostText);
  }

  void write(std::string_view side, const std::vector<LedgerEntry>& entries,
             std::vector<std::string>& lines) const {
    for (const LedgerEntry& entry : entries) {
      const std::string& text = info_.layer(entry.layer).text;
      write_entry(side, entry, wrap(printable(text, true), text_), lines);
      side = "";
    }
  }

 private:
  static constexpr int kMargin = 22;       // "    shortcut 12.proj  "
  static constexpr int kAttenuation = 10;  // " 3.0e-1200"
  static constexpr int kLongestPart = 31;  // "activation derivative 3.0e-1200"
  static constexpr int kLeastText = 14;
  static constexpr int kMostText = 28;

  void write_entry(std::string_view side, const LedgerEntry& entry,
                   const std::vector<std::string>& text, std::vector<std::string>& lines) const {
    const std::vector<std::string> parts = parts_of(entry);
    const std::size_t rows = beside_ ? std::max(text.size(), parts.size()) : text.size();
    for (std::size_t i = 0; i < rows; ++i) {
      std::string line = i == 0
                             ? fmt::format("    {:<8} {:<8} ", side, info_.layer(entry.layer).path)
                             : std::string(kMargin, ' ');
      line += pad_right(i < text.size() ? text[i] : "", text_);
      line += fmt::format(" {:>9}", i == 0 ? format_log2(entry.attenuation) : "");
      if (beside_ && i < parts.size()) line += "  " + parts[i];
      lines.push_back(without_trailing_spaces(std::move(line)));
    }
    for (std::size_t i = 0; !beside_ && i < parts.size(); ++i) {
      lines.push_back(std::string(kMargin + 2, ' ') + parts[i]);
    }
  }

  static std::string without_trailing_spaces(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  const RunInfo& info_;
  int text_ = 0;
  bool beside_ = true;
};

}  // namespace

std::vector<JoinLine> make_join_lines(const LayerGraph& graph, const StepIndex& index) {
  std::vector<JoinLine> lines;
  for (const LayerId sum : graph.forward_order()) {
    const LayerId x = graph.below(sum);
    if (graph.info().layer(sum).family != LayerFamily::residual || x == kNoLayer) continue;
    if (index.join(x) == nullptr && index.join_through(sum) == nullptr) continue;
    const RecordedWay branch = way_of(graph, index, sum, Way::branch);
    const RecordedWay shortcut = way_of(graph, index, sum, Way::shortcut);
    const RecordedWay gate = way_of(graph, index, sum, Way::gate);
    JoinLine line{.layer = sum,
                  .log2_branch = log2_of(branch),
                  .log2_shortcut = log2_of(shortcut),
                  .log2_gate = log2_of(gate)};
    const double log2_sum = log2_of_all_ways(graph, index, sum);
    line.cosine = cosine_between(branch, shortcut, gate, log2_sum);
    if (const InnerRecord* carried = index.step().inner_of(sum, kCarriedMean)) {
      if (!carried->values.empty()) line.carried_mean = static_cast<double>(carried->values[0]);
    }
    if (const auto* deepest = graph.deepest_way(sum)) note_layers(graph, deepest->chain, line);
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> render_joins(const Run& run, const StepRecord& step,
                                      const JoinTableOptions& options) {
  const LayerGraph graph(run.info);
  const StepIndex index(run.info, step);
  const std::vector<JoinLine> blocks = make_join_lines(graph, index);
  std::vector<std::string> lines;
  if (blocks.empty()) return lines;
  const bool gates = std::any_of(blocks.begin(), blocks.end(), [](const JoinLine& line) {
    return !std::isnan(line.carried_mean);
  });
  const bool narrow = gates && options.width < kWideEnoughForGates;
  const int name = narrow ? 7 : 9;
  const int size = narrow ? 8 : 9;
  lines.emplace_back("Residual blocks: what comes back to each (input first)");
  const auto row = [&](std::string_view path, std::string_view layers, std::string_view shortcut,
                       std::string_view branch, std::string_view cosine, std::string_view gate,
                       std::string_view carried) {
    std::string text = fmt::format("  {:<{}} {:<{}} {:>{}} {:>{}} {:>6}", path, name, layers, name,
                                   shortcut, size, branch, size, cosine);
    if (gates) text += fmt::format(" {:>{}} {:>7}", gate, size, carried);
    return text;
  };
  lines.push_back(row("block", "layers", "shortcut", "branch", "cosine", "gate", "carried"));
  Ledger ledger;
  EntryMap books;
  if (options.books) {
    ledger = make_ledger(graph, index);
    collect_blocks(ledger.entries, books);
  }
  const BookTable table(run.info, options.width);
  const auto shown =
      thinned(blocks.size(), static_cast<std::size_t>(std::max(options.max_blocks, 2)));
  for (const std::size_t i : shown) {
    const JoinLine& line = blocks[i];
    lines.push_back(row(run.info.layer(line.layer).path, layers_text(line),
                        format_log2(line.log2_shortcut), format_log2(line.log2_branch),
                        cosine_text(line.cosine), format_log2(line.log2_gate),
                        format_percent(line.carried_mean)));
    const auto found = books.find(line.layer);
    if (found == books.end()) continue;
    for (const LedgerWay& way : found->second->ways) {
      table.write(to_string(way.way), way.entries, lines);
    }
  }
  if (shown.size() < blocks.size()) {
    lines.push_back(
        fmt::format("  {} of {} blocks: first, last, even selection", shown.size(), blocks.size()));
  }
  return lines;
}

}  // namespace plumb
