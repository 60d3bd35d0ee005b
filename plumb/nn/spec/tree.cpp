// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/spec.h"

namespace plumb {

namespace {

std::string join(const std::vector<SpecItem>& items) {
  std::string text;
  for (const SpecItem& item : items) {
    if (!text.empty()) text += " > ";
    text += to_string(item);
  }
  return text;
}

/// Layers with repeats written out, or kMaxLayers + 1 when there are more.
std::int64_t layer_count(const std::vector<SpecItem>& items) {
  std::int64_t total = 0;
  for (const SpecItem& item : items) {
    std::int64_t layers = item.kind == SpecItem::Kind::repeat ? 0 : 1;
    layers += layer_count(item.children);
    if (item.kind == SpecItem::Kind::repeat) {
      if (layers > 0 && item.count > kMaxLayers / layers) return kMaxLayers + 1;
      layers *= item.count;
    }
    total += layers;
    if (total > kMaxLayers) return kMaxLayers + 1;
  }
  return total;
}

void expand_into(const std::vector<SpecItem>& items, std::vector<SpecItem>& expanded) {
  for (const SpecItem& item : items) {
    if (item.kind != SpecItem::Kind::repeat) {
      SpecItem copy{item.kind, item.name, item.arguments, item.options, item.count, {}};
      expand_into(item.children, copy.children);
      expanded.push_back(std::move(copy));
      continue;
    }
    std::vector<SpecItem> body;
    expand_into(item.children, body);
    for (std::int64_t i = 0; i < item.count && !body.empty(); ++i) {
      expanded.insert(expanded.end(), body.begin(), body.end());
    }
  }
}

}  // namespace

std::string to_string(const Spec& spec) { return join(spec.items); }

std::string to_string(const SpecItem& item) {
  if (item.kind == SpecItem::Kind::repeat) {
    const bool bare =
        item.children.size() == 1 && item.children.front().kind != SpecItem::Kind::repeat;
    const std::string body = join(item.children);
    return std::to_string(item.count) + " x " + (bare ? body : "[" + body + "]");
  }
  std::string text = item.name.text;
  for (const SpecWord& argument : item.arguments) text += " " + argument.text;
  for (const SpecOption& option : item.options) {
    text += " " + option.key.text;
    if (!option.value.text.empty()) text += "=" + option.value.text;
  }
  if (item.kind == SpecItem::Kind::residual) text += "[" + join(item.children) + "]";
  return text;
}

std::vector<SpecItem> expand(const Spec& spec) {
  if (layer_count(spec.items) > kMaxLayers) {
    throw_spec_error(
        spec.text, 0,
        "more layers than the limit of " + std::to_string(kMaxLayers) + ", expected fewer");
  }
  std::vector<SpecItem> expanded;
  expand_into(spec.items, expanded);
  return expanded;
}

}  // namespace plumb
