// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "plumb/cli/command.h"
#include "plumb/cli/terminal.h"
#include "plumb/core/error.h"
#include "plumb/nn/init.h"
#include "plumb/nn/layer_table.h"
#include "plumb/nn/network.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/report/text.h"

namespace plumb::cli {

namespace {

constexpr const char* kGrammar = R"(The network language

  chain > chain      one after the other
  N x [chain]        N times, each with parameters of its own
  res[chain]         y = x + S chain(x); options: scale=S, alpha=S (learned from
                     there), rezero (alpha=0); proj (a learned linear shortcut),
                     proj=bn, pad (zeros for new channels)
  highway[chain]     y = T chain(x) + (1 - T) x, T a learned gate; option:
                     bias=NUMBER (-2)

)";

void print_entry(std::string_view usage, std::string_view summary) {
  constexpr int kIndent = 6;
  const int width = terminal_options().width;
  fmt::print("\n  {}\n", fmt::join(wrap(usage, width - 4), "\n    "));
  fmt::print("{:<{}}{}\n", "", kIndent,
             fmt::join(wrap(summary, width - kIndent), "\n" + std::string(kIndent, ' ')));
}

void print_manual() {
  fmt::print("{}Layers\n", kGrammar);
  for (const LayerEntry& entry : layer_table()) {
    const std::string also = entry.alias.empty() ? "" : fmt::format(" (also: {})", entry.alias);
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

/// The network as it will be built: presets written out, and for an input its shapes and sizes.
void print_network(const std::string& text, const std::string& input) {
  const Spec spec = write_out_presets(parse_spec(text));
  fmt::print("{}\n", spec.text);
  if (input.empty()) return;
  Network network(spec, parse_input(input), NetworkOptions{});
  network.plan(1);
  fmt::print("\n{:<10} {:<40} {:>16} {:>11}\n", "path", "layer", "output", "parameters");
  std::int64_t total = 0;
  network.visit([&](const Node& node) {
    std::int64_t count = 0;
    for (const Param& param : node.params()) count += param.value.size();
    total += count;
    const std::string shown = node.is_residual() ? std::string(node.kind()) + "[...]" : node.text;
    fmt::print("{:<10} {:<40} {:>16} {:>11}\n", node.path, shown,
               node.y.shape().row_shape().to_string(), count == 0 ? "" : std::to_string(count));
  });
  fmt::print("\n{} parameters\n", total);
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
  command->callback([&result, arguments] {
    if (arguments->network.empty()) {
      print_manual();
    } else {
      print_network(arguments->network, arguments->input);
    }
    result = kOk;
  });
}

}  // namespace plumb::cli
