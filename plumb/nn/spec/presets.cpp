// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/presets.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "plumb/nn/spec/arguments.h"

namespace plumb {

namespace {

constexpr PresetEntry kPresets[] = {
    {"resnet20",
     "resnet20, resnet32, resnet44, resnet56, resnet110, ... [classes=10] [width=16] "
     "[bn=BOOL] [proj]",
     "residual network for small images, 6 n + 2 layers (He et al. 2015)"},
    {"plain20",
     "plain20, plain32, plain44, plain56, plain110, ... [classes=10] [width=16] [bn=BOOL]",
     "the same layers without shortcuts"},
    {"mlp", "mlp [depth=3] [width=128] [activation=relu] [norm=NAME] [classes=10]",
     "flatten, depth hidden layers, and the layer of the classes"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "56" of "resnet56"; empty if the word is not `family` and digits.
std::string_view depth_of(std::string_view word, std::string_view family) {
  if (!word.starts_with(family)) return {};
  const std::string_view digits = word.substr(family.size());
  return std::all_of(digits.begin(), digits.end(), is_digit) ? digits : std::string_view();
}

bool is_deep_image_network(const SpecItem& item) {
  return !depth_of(item.name.text, "resnet").empty() || !depth_of(item.name.text, "plain").empty();
}

bool is_preset(const SpecItem& item) {
  return item.kind == SpecItem::Kind::layer &&
         (is_deep_image_network(item) || item.name.text == "mlp");
}

std::string times(std::int64_t count, const std::string& chain) {
  return count == 1 ? chain : std::to_string(count) + " x [" + chain + "]";
}

std::string write_image_network(SpecArguments& arguments) {
  const std::string& name = arguments.item().name.text;
  const bool residual = name.starts_with("resnet");
  const std::int64_t classes = arguments.integer("classes", 10, 1);
  const std::int64_t width = arguments.integer("width", 16, 1);
  const bool normalised = arguments.boolean("bn", true);
  const bool project = residual && arguments.boolean("proj", false);
  arguments.done();
  const std::string_view digits = depth_of(name, residual ? "resnet" : "plain");
  std::int64_t depth = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), depth);
  if (read.ec != std::errc() || depth < 8 || depth > kMaxLayers || (depth - 2) % 6 != 0) {
    arguments.fail("a depth of " + std::string(digits) +
                   ", expected 6 n + 2 as 20, 32, 44, 56 or 110");
  }
  const std::int64_t blocks = (depth - 2) / 6;

  const auto conv = [&](std::int64_t channels, const char* stride) {
    return "conv " + std::to_string(channels) + " 3x3" + stride +
           (normalised ? " bias=false > bn" : "");
  };
  const auto block = [&](std::int64_t channels, const char* stride) {
    const std::string first = conv(channels, stride) + " > relu > ";
    if (!residual) return first + conv(channels, "") + " > relu";
    const char* const shortcut = *stride == '\0' ? ""
                                 : !project      ? " pad"
                                 : normalised    ? " proj=bn"
                                                 : " proj";
    return std::string("res") + shortcut + "[" + first + conv(channels, "") + "] > relu";
  };
  std::string text = conv(width, "") + " > relu > " + times(blocks, block(width, ""));
  for (const std::int64_t channels : {2 * width, 4 * width}) {
    text += " > " + block(channels, " stride=2");
    if (blocks > 1) text += " > " + times(blocks - 1, block(channels, ""));
  }
  return text + " > gap > dense " + std::to_string(classes);
}

std::string write_mlp(SpecArguments& arguments) {
  const std::int64_t depth = arguments.integer("depth", 3, 1);
  const std::int64_t width = arguments.integer("width", 128, 1);
  const std::int64_t classes = arguments.integer("classes", 10, 1);
  const std::string activation = arguments.word("activation", {}).value_or("relu");
  const std::string norm = arguments.word("norm", {}).value_or("");
  arguments.done();
  const std::string hidden =
      "dense " + std::to_string(width) + (norm.empty() ? "" : " > " + norm) + " > " + activation;
  return "flatten > " + times(depth, hidden) + " > dense " + std::to_string(classes);
}

/// True if there was a preset.
bool write_out(const std::string& text, const std::vector<SpecItem>& items,
               std::vector<SpecItem>& written) {
  bool found = false;
  for (const SpecItem& item : items) {
    if (is_preset(item)) {
      SpecArguments arguments(text, item);
      const std::string longer =
          is_deep_image_network(item) ? write_image_network(arguments) : write_mlp(arguments);
      for (SpecItem& part : parse_spec(longer).items) written.push_back(std::move(part));
      found = true;
      continue;
    }
    SpecItem copy{item.kind, item.name, item.arguments, item.options, item.count, {}};
    found = write_out(text, item.children, copy.children) || found;
    written.push_back(std::move(copy));
  }
  return found;
}

}  // namespace

std::span<const PresetEntry> preset_table() { return kPresets; }

Spec write_out_presets(const Spec& spec) {
  Spec written;
  if (!write_out(spec.text, spec.items, written.items)) return spec;
  return parse_spec(to_string(written));
}

}  // namespace plumb
