// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/core/memory.h"
#include "plumb/nn/graph/join_table.h"
#include "plumb/nn/graph/layer_table.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/init.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/report/text.h"

namespace plumb::cli {

namespace {

constexpr const char* kGrammar = R"(The network language

  chain > chain      one after the other
  N x [chain]        N times, each with parameters of its own
)";

void print_entry(std::string_view usage, std::string_view summary) {
  constexpr int kIndent = 6;
  constexpr int kNarrowest = 20;
  const int width = std::max(terminal_options().width, kNarrowest);
  fmt::print("\n  {}\n", fmt::join(wrap(usage, width - 4), "\n    "));
  fmt::print("{:<{}}{}\n", "", kIndent,
             fmt::join(wrap(summary, width - kIndent), "\n" + std::string(kIndent, ' ')));
}

void print_join(const JoinEntry& entry) {
  constexpr int kColumn = 21;
  constexpr int kWidth = 59;
  fmt::print("  {:<{}}{}\n", std::string(entry.name) + "[chain]", kColumn - 2,
             fmt::join(wrap(entry.summary, kWidth), "\n" + std::string(kColumn, ' ')));
}

void print_manual() {
  fmt::print("{}", kGrammar);
  for (const JoinEntry& entry : join_table()) print_join(entry);
  fmt::print("\nLayers\n");
  for (const LayerEntry& entry : layer_table()) {
    std::string also = entry.alias.empty() ? "" : fmt::format(" (also: {})", entry.alias);
    for (std::size_t at = also.find(' ', 8); at != also.npos; at = also.find(' ', at + 2)) {
      also.replace(at, 1, ", ");
    }
    print_entry(entry.usage, std::string(entry.summary) + also);
  }
  fmt::print("\nPresets ('plumb layers resnet20' writes one out)\n");
  for (const PresetEntry& entry : preset_table()) {
    print_entry(entry.usage, entry.summary);
  }
  fmt::print("\nInitialisers (--init, --bias-init)\n\n");
  for (const std::string_view name : init_names()) fmt::print("  {}\n", name);
}

/// "3x32x32" is [3, 32, 32].
Shape parse_input(const std::string& text) {
  std::vector<std::int64_t> extents;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    std::int64_t extent = 0;
    const auto read = std::from_chars(text.data() + begin, text.data() + end, extent);
    if (read.ec != std::errc() || read.ptr != text.data() + end || extent < 1) {
      throw SpecError("--input: '" + text + "', expected the shape of a sample, as 784 or 3x32x32");
    }
    extents.push_back(extent);
    begin = end + 1;
  }
  return Shape(std::span<const std::int64_t>(extents));
}

/// One line of the list; its path is behind that of the chain's item.
struct LayerRow {
  std::string path_tail;  ///< "", ".0", ".proj"
  std::string text;
  std::string output;
  std::int64_t parameters = 0;
};

/// What an item of the chain makes of x, which becomes its output.
std::vector<LayerRow> rows_of(const SpecItem& item, Shape& x) {
  Spec alone;
  alone.text = to_string(item);
  alone.items = parse_spec(alone.text).items;
  Network network(alone, x, NetworkOptions{});
  network.plan(1);
  std::vector<LayerRow> rows;
  network.visit([&](const Node& node) {
    LayerRow row;
    row.path_tail = node.path.substr(node.path.find_first_of('.') == std::string::npos
                                         ? node.path.size()
                                         : node.path.find_first_of('.'));
    row.text = node.ways().empty() ? node.text : std::string(node.kind()) + "[...]";
    row.output = node.y.shape().row_shape().to_string();
    for (const Param& param : node.params()) row.parameters += param.value.size();
    rows.push_back(std::move(row));
  });
  x = network.output_row_shape();
  return rows;
}

/// The network as it will be built: presets written out, and for an input its shapes and sizes.
/// Items that are alike are built once, so that a network may be larger than the memory.
void print_network(const std::string& text, const std::optional<std::string>& input) {
  const Spec spec = write_out_presets(parse_spec(text));
  check_names(spec);
  if (!input) {
    fmt::print("{}\n", spec.text);
    return;
  }
  Shape x = parse_input(*input);
  struct Known {
    std::vector<LayerRow> rows;
    Shape output;
  };
  std::map<std::string, Known> known;
  std::string list = fmt::format("{}\n\n{:<10} {:<40} {:>16} {:>11}\n", spec.text, "path", "layer",
                                 "output", "parameters");
  std::int64_t total = 0;
  std::size_t number = 0;
  for (const SpecItem& item : expand(spec)) {
    const auto [it, is_new] = known.try_emplace(to_string(item) + " of " + x.to_string());
    if (is_new) {
      try {
        it->second.rows = rows_of(item, x);
      } catch (const ShapeError& error) {
        throw ShapeError(fmt::format("item {} of the chain: {}", number, error.what()));
      }
      it->second.output = x;
    }
    x = it->second.output;
    for (const LayerRow& row : it->second.rows) {
      total += row.parameters;
      fmt::format_to(std::back_inserter(list), "{:<10} {:<40} {:>16} {:>11}\n",
                     std::to_string(number) + row.path_tail, row.text, row.output,
                     row.parameters == 0 ? "" : std::to_string(row.parameters));
    }
    ++number;
  }
  fmt::print("{}\n{} parameters\n{} in float\n", list, total,
             show_bytes(4 * static_cast<double>(total)));
}

}  // namespace

void add_layers(CLI::App& app, int& result) {
  struct Arguments {
    std::string network;
    std::string input;
  };
  const auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "layers", "List the words of the network language, or write a network out layer by layer");
  command->add_option("network", arguments->network, "a network, or a preset as 'resnet20'");
  command
      ->add_option("--input", arguments->input,
                   "shape of a sample, as 784 or 3x32x32: lists layers, shapes and parameters")
      ->needs(command->get_option("network"));
  command->callback([&result, arguments, command] {
    if (arguments->network.empty()) {
      print_manual();
    } else {
      const bool has_input = command->get_option("--input")->count() > 0;
      print_network(arguments->network, has_input ? std::optional(arguments->input) : std::nullopt);
    }
    result = kOk;
  });
}

}  // namespace plumb::cli
