// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/layer_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace plumb {

namespace {

template <class List>
bool has(const List& list, std::int32_t id) {
  return id >= 0 && static_cast<std::size_t>(id) < list.size();
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

std::string_view kind_of(const LayerInfo& layer) {
  return layer.kind.empty() ? to_string(layer.family) : std::string_view(layer.kind);
}

/// Gates and shortcuts have the number of the layer beside them.
std::string linear_text(const LayerInfo& layer, std::string_view beside) {
  if (beside.empty()) return fmt::format("layer {}", layer.depth);
  if (beside == to_string(Way::gate) || beside == to_string(Way::shortcut)) {
    return fmt::format("the {} beside layer {}", beside, layer.depth);
  }
  return fmt::format("the {} '{}' beside layer {}", kind_of(layer), layer.path, layer.depth);
}

/// "lstm", or "lstm 2 of 3" where recurrent layers of a kind stand one upon the other.
std::string numbered_kind(const RunInfo& info, LayerId id) {
  const LayerInfo& layer = info.layer(id);
  std::string kind(kind_of(layer));
  if (layer.family != LayerFamily::recurrent) return kind;
  int place = 0, count = 0;
  for (std::size_t other = 0; other < info.layers.size(); ++other) {
    const LayerInfo& one = info.layers[other];
    if (one.family != layer.family || one.depth != layer.depth || kind_of(one) != kind) continue;
    ++count;
    if (static_cast<LayerId>(other) == id) place = count;
  }
  return count < 2 ? kind : fmt::format("{} {} of {}", kind, place, count);
}

}  // namespace

std::string_view LayerNames::beside(LayerId id) const {
  return graph_.main_chain().empty() ? std::string_view() : graph_.beside(id);
}

std::string LayerNames::layer(LayerId id) const {
  if (!has(info_->layers, id)) return "a layer that the run lacks";
  const LayerInfo& layer = info_->layer(id);
  switch (layer.family) {
    case LayerFamily::input: return "the input";
    case LayerFamily::linear: return linear_text(layer, beside(id));
    case LayerFamily::residual:
      return fmt::format("the residual block that ends with layer {}", layer.depth);
    case LayerFamily::activation:
    case LayerFamily::shape:
    case LayerFamily::dropout:
    case LayerFamily::join:
    case LayerFamily::normalisation:
    case LayerFamily::pooling:
    case LayerFamily::recurrent:
    case LayerFamily::attention:
    case LayerFamily::embedding:
    case LayerFamily::other: break;
  }
  const std::string kind = numbered_kind(*info_, id);
  return layer.depth == 0 ? fmt::format("the {} before layer 1", kind)
                          : fmt::format("the {} after layer {}", kind, layer.depth);
}

std::string LayerNames::layer_of(LayerId id) const {
  const bool counted = has(info_->layers, id) && beside(id).empty() &&
                       info_->layer(id).family == LayerFamily::linear;
  if (!counted) return layer(id);
  int layers = 0;
  for (const LayerInfo& each : info_->layers) layers = std::max(layers, each.depth);
  return fmt::format("layer {} of {}", info_->layer(id).depth, layers);
}

std::string LayerNames::where(const Place& place) const {
  switch (place.of) {
    case Place::Of::network: return "the whole network";
    case Place::Of::loss: return "the loss";
    case Place::Of::layer:
    case Place::Of::parameter: break;
  }
  return layer(layer_at(*info_, place)) + (place.reverse ? ", backwards" : "");
}

std::string LayerNames::place(const Place& place) const {
  const LayerId id = layer_at(*info_, place);
  if (!place.role) return where(place);
  const bool is_input = has(info_->layers, id) && info_->layer(id).family == LayerFamily::input;
  if (is_input && *place.role == Role::a) return "the input";
  std::string text = role_text(*place.role) + where(place);
  if (place.of == Place::Of::parameter && has(info_->params, place.id)) {
    const ParamInfo& param = info_->param(place.id);
    if (param.use != ParamUse::weight) text += fmt::format(" ({})", param.name);
  }
  return text;
}

std::string layer_text(const RunInfo& info, LayerId id) { return LayerNames(info).layer(id); }

std::string layer_of_text(const RunInfo& info, LayerId id) { return LayerNames(info).layer_of(id); }

std::string place_text(const RunInfo& info, const Place& place) {
  return LayerNames(info).place(place);
}

LayerId layer_at(const RunInfo& info, const Place& place) {
  if (place.of == Place::Of::layer && has(info.layers, place.id)) return place.id;
  if (place.of != Place::Of::parameter || !has(info.params, place.id)) return kNoLayer;
  const std::vector<LayerId>& users = info.param(place.id).users;
  return !users.empty() && has(info.layers, users.front()) ? users.front() : kNoLayer;
}

}  // namespace plumb
