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

std::string parts_text(const LedgerEntry& entry) {
  std::string text;
  for (const LedgerPart& part : entry.parts) {
    std::string name = to_string(part.cause);
    std::replace(name.begin(), name.end(), '_', ' ');
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, format_log2(part.log2));
  }
  return text;
}

void write_books(const RunInfo& info, const char* side, const std::vector<LedgerEntry>& entries,
                 int width, std::vector<std::string>& lines) {
  for (const LedgerEntry& entry : entries) {
    const auto layer = std::find_if(info.layers.begin(), info.layers.end(),
                                    [&](const LayerInfo& one) { return one.path == entry.path; });
    const std::string text = layer == info.layers.end() ? entry.kind : layer->text;
    lines.push_back(shorten(fmt::format("      {:<9}{:<8} {} {:>9}  {}", side, entry.path,
                                        pad_right(shorten(printable(text, true), 20), 20),
                                        format_log2(entry.attenuation), parts_text(entry)),
                            width));
    side = "";
  }
}

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
  lines.emplace_back("Residual blocks: what comes back to the input of each (input first)");
  const auto row = [&](std::string_view path, std::string_view layers, std::string_view shortcut,
                       std::string_view branch, std::string_view cosine, std::string_view gate,
                       std::string_view carried) {
    std::string text =
        fmt::format("  {:<9} {:<9} {:>9} {:>9} {:>7}", path, layers, shortcut, branch, cosine);
    if (gates) text += fmt::format(" {:>9} {:>8}", gate, carried);
    return text;
  };
  lines.push_back(row("block", "layers", "shortcut", "branch", "cosine", "gate", "carried"));
  Ledger ledger;
  EntryMap books;
  if (options.books) {
    ledger = make_ledger(run.info, step);
    collect_blocks(ledger.entries, books);
  }
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
    write_books(run.info, "branch", found->second->branch, options.width, lines);
    write_books(run.info, "shortcut", found->second->shortcut, options.width, lines);
    write_books(run.info, "gate", found->second->gate, options.width, lines);
  }
  if (shown.size() < blocks.size()) {
    lines.push_back(
        fmt::format("  {} of {} blocks: first, last, even selection", shown.size(), blocks.size()));
  }
  return lines;
}

}  // namespace plumb
