// SPDX-License-Identifier: Apache-2.0
// OpGraph: Ops become layers, with a path each, and parameters get their users.
#include <algorithm>
#include <map>

#include "plumb/attach/derivative.h"
#include "plumb/attach/op_graph.h"

namespace plumb {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string last_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}

std::string without(std::string text, std::string_view end) {
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  return text;
}

// "attn.in_proj_weight" is of the linear layer attn.in_proj, "fc.weight" of fc.
std::string path_by_params(const std::vector<std::string>& params, LayerFamily family) {
  std::string path = params.front();
  for (const std::string& one : params) {
    if (one.ends_with("weight")) path = one;
  }
  const std::string parent = parent_of(path), own = last_of(path);
  if (own == "weight" || own == "bias" || family == LayerFamily::recurrent) return parent;
  std::string stem = without(without(own, "_weight"), "_bias");
  if (stem.empty()) stem = own;
  return parent.empty() ? stem : parent + "." + stem;
}

std::string lower_first(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  return text;
}

// Whether a module of that kind is what the operation is: "ReLU" of relu, "LeakyReLU" of
// leaky_relu.
bool is_kind_of(const std::string& kind, const OpGraph::Op& op) {
  const std::string module = lower_first(kind), name = lower_first(op.name);
  if (module == name || module.starts_with(name)) return true;
  if (module == "relu6" && name == "hardtanh") return true;
  return op.family == LayerFamily::dropout && module.find("dropout") != std::string::npos;
}

bool gives_what_it_reads(const std::string& kind) {
  return kind == "Flatten" || kind == "Unflatten" || kind == "Identity" ||
         kind.find("Dropout") != std::string::npos;
}

ParamUse use_of(const std::string& own, LayerFamily family) {
  if (family == LayerFamily::normalisation) {
    if (own == "weight") return ParamUse::scale;
    if (own == "bias") return ParamUse::shift;
    return ParamUse::other;
  }
  if (family == LayerFamily::activation) return ParamUse::slope;
  if (own.find("weight_hh") != std::string::npos) return ParamUse::recurrent_weight;
  if (own.find("bias_hh") != std::string::npos) return ParamUse::recurrent_bias;
  if (own.find("weight") != std::string::npos) return ParamUse::weight;
  return own.find("bias") != std::string::npos ? ParamUse::bias : ParamUse::other;
}

}  // namespace

const ModuleFacts* OpGraph::module(const std::string& path) const {
  const auto found = module_at_.find(path);
  return found == module_at_.end() ? nullptr : &modules_[found->second];
}

// Behind the layer that it reads, in the Sequential where that stands, as the first that computes.
const ModuleFacts* OpGraph::next_in_sequential(const Op& one) const {
  if (one.inputs.empty()) return nullptr;
  const bool reads_input = op(one.inputs[0]).family == LayerFamily::input;
  std::string path = reads_input ? "-1" : op(one.inputs[0]).path;
  // Of a layer that ends a block, the block is what stands in the Sequential.
  while (!path.empty()) {
    path = path.substr(0, path.find('#'));
    const std::string parent = parent_of(path), own = last_of(path);
    const ModuleFacts* const owner = module(parent);
    const bool is_number =
        own.find_first_not_of("0123456789") == std::string::npos && own.size() < 9;
    if (owner != nullptr && owner->is_sequential && (is_number || reads_input)) {
      for (int place = std::stoi(own) + 1;; ++place) {
        const std::string next =
            parent.empty() ? std::to_string(place) : parent + "." + std::to_string(place);
        const ModuleFacts* const found = module(next);
        if (found == nullptr) break;
        if (!found->has_parameters && is_kind_of(found->kind, one)) return found;
        if (!gives_what_it_reads(found->kind)) return nullptr;
      }
    }
    path = parent;
  }
  return nullptr;
}

std::string OpGraph::path_of(const Op& one) const {
  if (one.family == LayerFamily::input) return one.path;
  if (!one.params.empty() && one.kind.role == OpRole::layer) {
    std::string path = path_by_params(one.params, one.family);
    return path.empty() ? one.name : path;
  }
  if (const ModuleFacts* const found = next_in_sequential(one)) return found->path;
  const std::string kind = one.name;
  std::string common;
  bool is_first = true;
  const std::size_t count = one.family == LayerFamily::residual ? 1 : one.inputs.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Op& read = op(one.inputs[i]);
    if (read.family == LayerFamily::input) continue;
    std::string owner = parent_of(read.path.substr(0, read.path.find('#')));
    if (!is_first) {
      while (!owner.empty() && common != owner && !common.starts_with(owner + "."))
        owner = parent_of(owner);
    }
    common = owner;
    is_first = false;
  }
  return common.empty() ? kind : common + "." + kind;
}

BlockId OpGraph::block_of(const std::string& path) {
  std::string parent = parent_of(path);
  while (!parent.empty() && module(parent) == nullptr) parent = parent_of(parent);
  if (parent.empty()) return kNoBlock;
  if (const auto known = blocks_.find(parent); known != blocks_.end()) return known->second;
  const BlockId above = block_of(parent);
  session_.draft().blocks.push_back({parent, module(parent)->kind, above});
  return blocks_[parent] = static_cast<BlockId>(session_.draft().blocks.size() - 1);
}

void OpGraph::name(OpId wanted, std::vector<OpId>& named) {
  std::vector<OpId> stack{wanted};
  while (!stack.empty()) {
    const OpId id = stack.back();
    if (op(id).layer != kNoLayer) {
      stack.pop_back();
      continue;
    }
    bool waits = false;
    for (const OpId read : op(id).inputs) {
      if (op(read).layer != kNoLayer) continue;
      stack.push_back(read);
      waits = true;
    }
    if (waits) continue;
    stack.pop_back();

    Op& one = ops_[static_cast<std::size_t>(id)];
    std::string path = path_of(one);
    const ModuleFacts* const owner = module(path);
    const int times = ++taken_[path];
    if (times > 1) path += (owner != nullptr ? "#" : "_") + std::to_string(times);
    LayerInfo layer;
    layer.kind = owner != nullptr && !owner->is_sequential ? owner->kind : one.name;
    layer.family = one.family;
    layer.text = owner != nullptr && !owner->is_sequential ? owner->text : one.name;
    layer.units = one.units;
    if (one.family == LayerFamily::linear) layer.fan_in = one.fan_in, layer.fan_out = one.fan_out;
    layer.depth = one.depth;
    layer.function = one.function;
    layer.running_momentum = one.running_momentum;
    if (one.family == LayerFamily::activation && !one.function.empty()) {
      layer.traits = DerivativeJudge(one.function).traits();
    }
    if (one.family == LayerFamily::recurrent) layer.cell = CellFacts{};
    for (std::size_t i = 0; i < one.inputs.size(); ++i) {
      plumb::Way way = plumb::Way::unnamed;
      if (one.family == LayerFamily::residual)
        way = i == 0 ? plumb::Way::branch : plumb::Way::shortcut;
      layer.inputs.push_back({op(one.inputs[i]).layer, 0, way, way == plumb::Way::shortcut});
    }
    std::vector<LayerInfo>& layers = session_.draft().layers;
    LayerId known = kNoLayer;
    while (true) {
      const auto found = layer_at_.find(path);
      if (found == layer_at_.end()) break;
      const LayerInfo& had = layers[static_cast<std::size_t>(found->second)];
      if (had.family == layer.family && had.kind == layer.kind) {
        known = found->second;
        break;
      }
      path += "'";
    }
    layer.path = path;
    layer.block = block_of(path);
    if (known == kNoLayer) {
      if (session_.in_step()) layer.first_step = session_.record().step;
      layers.push_back(std::move(layer));
      known = static_cast<LayerId>(layers.size() - 1);
      layer_at_[path] = known;
    } else {
      layers[static_cast<std::size_t>(known)].inputs = std::move(layer.inputs);
    }
    one.layer = known;
    one.path = path;
    for (const std::string& param : one.params) {
      if (const auto found = param_at_.find(param); found != param_at_.end()) {
        std::vector<LayerId>& users = users_[found->second];
        if (std::find(users.begin(), users.end(), known) == users.end()) users.push_back(known);
      }
    }
    session_.touch();
    named.push_back(id);
  }
}

void OpGraph::declare_params() {
  RunInfo& info = session_.draft();
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (param_ids_[i] != kNoParam) {
      info.params[static_cast<std::size_t>(param_ids_[i])].users = users_[i];
      continue;
    }
    const ParamFacts& facts = params_[i];
    ParamInfo param;
    param.path = facts.path;
    param.name = last_of(facts.path);
    const LayerFamily family = users_[i].empty()
                                   ? LayerFamily::other
                                   : info.layers[static_cast<std::size_t>(users_[i][0])].family;
    param.use = use_of(param.name, family);
    param.users = users_[i];
    param.count = 1;
    for (const std::int64_t size : facts.sizes) param.count *= size;
    param.frozen = facts.frozen;
    param.reverse = param.name.ends_with("_reverse");
    if (session_.in_step()) param.first_step = session_.record().step;
    info.params.push_back(std::move(param));
    param_ids_[i] = static_cast<ParamId>(info.params.size() - 1);
  }
  session_.touch();
}

std::vector<std::string> OpGraph::notes() const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const ParamFacts& param = params_[i];
    if (param_ids_[i] == kNoParam) continue;
    if (users_[i].empty()) {
      found.push_back(param.path + " is used by no layer that the loss depends on");
    } else if (users_[i].size() > 1) {
      std::string text = param.path + " is shared by ";
      for (std::size_t k = 0; k < users_[i].size(); ++k) {
        text += (k == 0 ? "" : ", ") +
                session_.draft().layers[static_cast<std::size_t>(users_[i][k])].path;
      }
      found.push_back(text);
    }
    if (param.frozen) {
      found.push_back(param.path + " is frozen: requires_grad is false");
    } else if (!users_[i].empty() && reached_.count(param.path) == 0) {
      found.push_back(
          param.path +
          " got no gradient: it is severed from the loss (detach(), NoGradGuard, data()?)");
    }
  }
  return found;
}

}  // namespace plumb
