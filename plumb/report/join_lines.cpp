// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/join_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "plumb/flow/layer_tree.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/magnitude.h"
#include "plumb/report/text.h"

namespace plumb {

namespace {

constexpr int kWideEnoughForGates = 65;

void note_layers(const LayerTree& tree, std::string_view block, JoinLine& line) {
  for (const LayerInfo* layer : tree.chain(block)) {
    if (layer->family == LayerFamily::linear) {
      if (line.first_layer == 0) line.first_layer = layer->depth;
      line.last_layer = layer->depth;
    } else if (layer->family == LayerFamily::residual) {
      note_layers(tree, layer->path, line);
    }
  }
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

using EntryMap = std::unordered_map<std::string_view, const LedgerEntry*>;

void collect_blocks(const std::vector<LedgerEntry>& entries, EntryMap& blocks) {
  for (const LedgerEntry& entry : entries) {
    if (entry.branch.empty() && entry.shortcut.empty() && entry.gate.empty()) continue;
    blocks[entry.path] = &entry;
    collect_blocks(entry.branch, blocks);
  }
}

std::vector<std::string> parts_of(const LedgerEntry& entry) {
  std::vector<std::string> parts;
  for (const LedgerPart& part : entry.parts) {
    std::string name = to_string(part.cause);
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
    const int room = width - kMargin - kAttenuation - 2 - kLongestPart;
    beside_ = room >= kLeastText;
    text_ = std::clamp(beside_ ? room : width - kMargin - kAttenuation, kLeastText, kMostText);
  }

  void write(std::string_view side, const std::vector<LedgerEntry>& entries,
             std::vector<std::string>& lines) const {
    for (const LedgerEntry& entry : entries) {
      const auto layer = std::find_if(info_.layers.begin(), info_.layers.end(),
                                      [&](const LayerInfo& one) { return one.path == entry.path; });
      const std::string text = layer == info_.layers.end() ? entry.kind : layer->text;
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
      std::string line =
          i == 0 ? fmt::format("    {:<8} {:<8} ", side, entry.path) : std::string(kMargin, ' ');
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

std::vector<JoinLine> make_join_lines(const RunInfo& info, const StepRecord& step) {
  const LayerTree tree(info);
  std::unordered_map<std::string_view, const JoinRecord*> joins;
  for (const JoinRecord& record : step.joins) joins[record.path] = &record;
  std::vector<JoinLine> lines;
  for (const LayerInfo* layer : tree.forward_order()) {
    const auto found = joins.find(layer->path);
    if (found == joins.end()) continue;
    JoinLine line{.path = layer->path, .kind = layer->kind, .join = *found->second};
    note_layers(tree, layer->path, line);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> render_joins(const Run& run, const StepRecord& step,
                                      const JoinTableOptions& options) {
  const std::vector<JoinLine> blocks = make_join_lines(run.info, step);
  std::vector<std::string> lines;
  if (blocks.empty()) return lines;
  const bool gates = std::any_of(blocks.begin(), blocks.end(), [](const JoinLine& line) {
    return !std::isnan(line.join.carry_mean);
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
    ledger = make_ledger(run.info, step);
    collect_blocks(ledger.entries, books);
  }
  const BookTable table(run.info, options.width);
  const auto shown =
      thinned(blocks.size(), static_cast<std::size_t>(std::max(options.max_blocks, 2)));
  for (const std::size_t i : shown) {
    const JoinLine& line = blocks[i];
    lines.push_back(row(line.path, layers_text(line), format_log2(line.join.log2_rms_shortcut),
                        format_log2(line.join.log2_rms_branch), cosine_text(line.join.cosine),
                        format_log2(line.join.log2_rms_gate),
                        format_percent(line.join.carry_mean)));
    const auto found = books.find(line.path);
    if (found == books.end()) continue;
    table.write("branch", found->second->branch, lines);
    table.write("shortcut", found->second->shortcut, lines);
    table.write("gate", found->second->gate, lines);
  }
  if (shown.size() < blocks.size()) {
    lines.push_back(
        fmt::format("  {} of {} blocks: first, last, even selection", shown.size(), blocks.size()));
  }
  return lines;
}

}  // namespace plumb
