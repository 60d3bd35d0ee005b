// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "plumb/flow/layer_tree.h"

namespace plumb {

namespace {

constexpr double kLog10Of2 = 0.30102999566398119521;

const LayerInfo* find_layer(const RunInfo& info, std::string_view path) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(),
                               [&](const LayerInfo& layer) { return layer.path == path; });
  return it == info.layers.end() ? nullptr : &*it;
}

const char* role_text(Role role) {
  switch (role) {
    case Role::z:
    case Role::a: return "the output of ";
    case Role::grad_z:
    case Role::grad_a: return "the gradient at ";
    case Role::weight: return "the weight of ";
    case Role::grad_weight: return "the weight gradient of ";
    case Role::update: return "the update of ";
  }
  return "";
}

/// Gates and shortcuts have the number of the layer beside them.
std::string beside_text(const LayerInfo& layer) {
  const std::string_view name = name_beside_branch(layer);
  if (name.empty()) return {};
  return fmt::format("the {} beside ", name == "proj" ? "shortcut" : name);
}

}  // namespace

std::string size_text(double log2) {
  if (std::isinf(log2)) return log2 < 0 ? "zero" : "infinity";
  if (std::abs(log2) < 10) {
    const double size = std::exp2(log2);
    return size < 100 ? fmt::format("{:.2g}", size) : fmt::format("{:.0f}", size);
  }
  const double log10 = log2 * kLog10Of2;
  double power = std::floor(log10);
  double digits = std::round(10 * std::pow(10, log10 - power)) / 10;
  if (digits >= 10) {
    digits = 1;
    power += 1;
  }
  return fmt::format("{:.2g}e{:.0f}", digits, power);
}

std::string layer_text(const RunInfo& info, std::string_view path) {
  if (path == "input" || path == "loss") return fmt::format("the {}", path);
  const LayerInfo* layer = find_layer(info, path);
  if (layer == nullptr) return fmt::format("layer '{}'", path);
  switch (layer->family) {
    case LayerFamily::linear: return beside_text(*layer) + fmt::format("layer {}", layer->depth);
    case LayerFamily::residual:
      return fmt::format("the residual block that ends with layer {}", layer->depth);
    default: break;
  }
  return layer->depth == 0 ? fmt::format("the {} before layer 1", layer->kind)
                           : fmt::format("the {} after layer {}", layer->kind, layer->depth);
}

std::string layer_of_text(const RunInfo& info, std::string_view path) {
  const LayerInfo* layer = find_layer(info, path);
  if (layer == nullptr || layer->family != LayerFamily::linear ||
      !name_beside_branch(*layer).empty()) {
    return layer_text(info, path);
  }
  int layers = 0;
  for (const LayerInfo& each : info.layers) layers = std::max(layers, each.depth);
  return fmt::format("layer {} of {}", layer->depth, layers);
}

std::string site_text(const RunInfo& info, const Site& site) {
  if (site.path == "input" && site.role == Role::a) return "the input";
  if (site.path == "loss") return "the loss";
  const std::string of = role_text(site.role) + layer_text(info, site.path);
  return site.param.empty() || site.param == "weight" ? of : fmt::format("{} ({})", of, site.param);
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string count_text(long long count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string percent_text(double fraction) { return fmt::format("{:.0f} %", 100 * fraction); }

std::string steps_text(long long first, long long last) {
  return first == last ? fmt::format("step {}", first) : fmt::format("steps {} to {}", first, last);
}

}  // namespace plumb
