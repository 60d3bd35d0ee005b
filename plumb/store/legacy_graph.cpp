// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/legacy_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plumb/store/legacy_words.h"

namespace plumb::store {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr LayerId kInput = 0;
constexpr int kMostNesting = 100;  // of blocks; deeper ones keep no edges. Our choice

/// The name within a block of the layer at that path.
std::string_view name_within(std::string_view path, std::string_view parent) {
  return path.size() > parent.size() + 1 ? path.substr(parent.size() + 1) : std::string_view();
}

bool is_in_branch(std::string_view name) {
  return !name.empty() && name.front() >= '0' && name.front() <= '9';
}

std::string key_of(std::string_view path, std::string_view param) {
  // A zero byte parts them: neither has one where it was read as a path.
  std::string key(path);
  key += '\0';
  return key.append(param);
}

/// What two sizes 2^a and 2^b with that cosine add up to, as shares of the sum and its log2.
struct Sum {
  double first_share = kNaN, second_share = kNaN, log2 = kNaN;
};

Sum add_up(double a, double b, double cosine) {
  const double largest = std::max(a, b);
  if (!std::isfinite(largest)) return {};
  const double x = std::exp2(a - largest), y = std::exp2(b - largest);
  // The angle to nothing is stored as NaN.
  const double dot = x > 0 && y > 0 ? x * y * cosine : 0;
  const double squares = x * x + 2 * dot + y * y;
  if (!(squares > 0)) return {};
  return {(x * x + dot) / squares, (y * y + dot) / squares, largest + 0.5 * std::log2(squares)};
}

}  // namespace

LegacyGraph::LegacyGraph(const std::vector<LegacyLayer>& layers,
                         const std::vector<LegacySite>& sites, RunInfo& info) {
  LayerInfo input;
  input.path = input.kind = "input";
  input.family = LayerFamily::input;
  info.layers = {input};
  paths_ = {input.path};
  ids_[input.path] = kInput;
  grad_roles_ = {Role::grad_a};
  for (const LegacyLayer& old : layers) {
    const auto id = static_cast<LayerId>(info.layers.size());
    LayerInfo& layer = info.layers.emplace_back();
    layer.path = old.path;
    layer.kind = old.kind;
    layer.family = old.family;
    layer.text = old.text;
    layer.depth = old.depth;
    layer.units = old.units;
    layer.fan_in = old.fan_in;
    layer.fan_out = old.fan_out;
    describe_from_words(old.max_derivative, layer);
    paths_.push_back(old.path);
    ids_.try_emplace(old.path, id);
    grad_roles_.push_back(old.family == LayerFamily::linear ? Role::grad_z : Role::grad_a);
    children_[old.parent].push_back(id);
  }
  begun_.assign(info.layers.size(), false);
  info.outputs = {build_chain("", kInput, kNoBlock, info)};
  // Where an inner block begins with the same x, its ways are among those of the outer one.
  for (auto& [sum, block] : blocks_) {
    const auto inner = blocks_.find(block.branch_reader);
    if (inner == blocks_.end() || inner->first == sum) continue;
    block.inner = &inner->second;
    inner->second.outer = &block;
  }
  add_params(sites, info);
}

LayerId LegacyGraph::build_chain(const std::string& parent, LayerId from, BlockId block,
                                 RunInfo& info) {
  const auto children = children_.find(parent);
  if (children == children_.end()) return from;
  for (const LayerId id : children->second) {
    const std::string_view name = name_within(paths_[static_cast<std::size_t>(id)], parent);
    if (!parent.empty() && !is_in_branch(name)) continue;
    if (!begin_layer(id)) continue;
    LayerInfo& layer = info.layers[static_cast<std::size_t>(id)];
    layer.block = block;
    if (layer.family == LayerFamily::residual) {
      build_block(id, from, block, info);
    } else {
      layer.inputs = {{.from = from}};
    }
    from = id;
  }
  return from;
}

// Once for each: a damaged file may say that a block is within itself.
bool LegacyGraph::begin_layer(LayerId id) {
  const bool is_new = !begun_[static_cast<std::size_t>(id)];
  begun_[static_cast<std::size_t>(id)] = true;
  return is_new;
}

void LegacyGraph::build_block(LayerId sum, LayerId from, BlockId parent, RunInfo& info) {
  const std::string path = paths_[static_cast<std::size_t>(sum)];
  const auto block = static_cast<BlockId>(info.blocks.size());
  info.blocks.push_back({path, info.layer(sum).kind, parent});
  Block ways{.sum = sum, .x = from};
  const bool too_deep = ++nesting_ > kMostNesting;
  const LayerId branch = too_deep ? from : build_chain(path, from, block, info);
  --nesting_;
  LayerId shortcut = from;
  const auto children = children_.find(path);
  for (const LayerId id : children == children_.end() ? std::vector<LayerId>() : children->second) {
    const std::string_view name = name_within(paths_[static_cast<std::size_t>(id)], path);
    LayerInfo& layer = info.layers[static_cast<std::size_t>(id)];
    if (is_in_branch(name)) {
      if (ways.branch_reader == kNoLayer) ways.branch_reader = id;
      continue;
    }
    if (!begin_layer(id)) continue;
    layer.block = block;
    if (name == "gate") {
      layer.inputs = {{.from = from}};
      ways.gate = id;
    } else {
      layer.inputs = {{.from = shortcut}};
      if (shortcut == from) ways.shortcut_reader = id;
      shortcut = id;
    }
  }
  if (ways.branch_reader == kNoLayer) ways.branch_reader = sum;
  if (ways.shortcut_reader == kNoLayer) ways.shortcut_reader = sum;
  std::vector<Edge>& inputs = info.layers[static_cast<std::size_t>(sum)].inputs;
  inputs = {{.from = branch, .way = Way::branch},
            {.from = shortcut, .way = Way::shortcut, .main = true}};
  if (ways.gate != kNoLayer) inputs.push_back({.from = ways.gate, .way = Way::gate});
  blocks_[sum] = ways;
}

void LegacyGraph::add_params(const std::vector<LegacySite>& sites, RunInfo& info) {
  struct Found {
    LayerId layer;
    std::string param;
  };
  std::vector<Found> found;
  for (const LegacySite& site : sites) {
    const auto owner = layer(site.path);
    if (!is_of_parameter(site.role) || !owner) continue;
    if (params_.try_emplace(key_of(site.path, site.param), kNoParam).second) {
      found.push_back({*owner, site.param});
    }
  }
  // The sites come in the order of the backward pass; layers and their parameters in forward order.
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.layer < b.layer; });
  for (const Found& one : found) {
    const LayerInfo& owner = info.layer(one.layer);
    ParamInfo param;
    param.path = owner.path + "." + one.param;
    param.name = one.param;
    param.use = use_from_words(owner, one.param);
    param.reverse = one.param.ends_with("_reverse");
    param.users = {one.layer};
    params_[key_of(owner.path, one.param)] = static_cast<ParamId>(info.params.size());
    info.params.push_back(std::move(param));
  }
}

std::optional<LayerId> LegacyGraph::layer(std::string_view path) const {
  const auto it = ids_.find(std::string(path));
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

std::optional<Site> LegacyGraph::site(const LegacySite& site) const {
  if (!is_of_parameter(site.role)) {
    const auto id = layer(site.path);
    if (!id) return std::nullopt;
    return Site::layer(*id, site.role);
  }
  const auto it = params_.find(key_of(site.path, site.param));
  if (it == params_.end()) return std::nullopt;
  return Site::param(it->second, site.role);
}

std::optional<ParamId> LegacyGraph::weight(std::string_view path) const {
  const auto it = params_.find(key_of(path, "weight"));
  if (it == params_.end()) return std::nullopt;
  return it->second;
}

LegacyGraph::OwnWays LegacyGraph::own_ways(const Block& block, const LegacyJoin& join,
                                           const LegacyJoin* outer, const StepRecord& step) const {
  const Sum both = add_up(join.log2_rms_branch, join.log2_rms_shortcut, join.cosine);
  OwnWays own{.log2_rms = both.log2, .ways = {}};
  double gate_share = 0;
  if (outer != nullptr || join.log2_rms_gate) {
    const Sketch* sum =
        step.find(Site::layer(block.x, grad_roles_[static_cast<std::size_t>(block.x)]));
    own.log2_rms = outer != nullptr ? outer->log2_rms_branch
                   : sum != nullptr ? sum->true_log2_rms()
                                    : kNaN;
  }
  if (join.log2_rms_gate) {
    // |g - t|^2 = |g|^2 - 2 <t, g> + |t|^2
    gate_share = 0.5 * (1 + std::exp2(2 * (*join.log2_rms_gate - own.log2_rms)) -
                        std::exp2(2 * (both.log2 - own.log2_rms)));
    if (!std::isfinite(gate_share)) gate_share = kNaN;
  }
  const double rest = 1 - gate_share;
  own.ways = {{block.branch_reader, 0, join.log2_rms_branch, rest * both.first_share},
              {block.shortcut_reader, block.shortcut_reader == block.sum ? 1 : 0,
               join.log2_rms_shortcut, rest * both.second_share}};
  if (join.log2_rms_gate) own.ways.push_back({block.gate, 0, *join.log2_rms_gate, gate_share});
  return own;
}

std::vector<JoinRecord> LegacyGraph::joins(const std::vector<LegacyJoin>& old,
                                           const StepRecord& step) const {
  std::unordered_map<LayerId, const LegacyJoin*> by_sum;
  for (const LegacyJoin& join : old) {
    if (const auto sum = layer(join.path)) by_sum[*sum] = &join;
  }
  const auto join_of = [&](const Block* block) -> const LegacyJoin* {
    const auto it = block == nullptr ? by_sum.end() : by_sum.find(block->sum);
    return it == by_sum.end() ? nullptr : it->second;
  };
  std::vector<JoinRecord> joins;
  for (const LegacyJoin& join : old) {
    const auto sum = layer(join.path);
    const auto block = sum ? blocks_.find(*sum) : blocks_.end();
    // The joint record of a tensor comes with the outermost block that reads it.
    if (block == blocks_.end() || join_of(block->second.outer) != nullptr) continue;
    const std::size_t place = joins.size();
    joins.push_back({.layer = block->second.x, .output = 0, .ways = {}});
    std::vector<JoinWay> beside;  // the ways around the blocks within, innermost first
    for (const Block* one = &block->second; join_of(one) != nullptr; one = one->inner) {
      OwnWays own = own_ways(*one, *join_of(one), join_of(one->outer), step);
      const bool goes_on = join_of(one->inner) != nullptr;
      std::vector<JoinWay> ways = own.ways;
      if (one != &block->second) {
        for (JoinWay& way : ways) way.share = kNaN;
      }
      if (goes_on) {
        ways.erase(ways.begin());
      } else if (one->inner != nullptr) {
        ways.front().reader = kNoLayer;
      }
      beside.insert(beside.begin(), ways.begin(), ways.end());
      if (goes_on || one != &block->second) {
        joins.push_back({one->x, 0, one->sum, std::move(own.ways), own.log2_rms});
      }
    }
    joins[place].ways = std::move(beside);
  }
  return joins;
}

}  // namespace plumb::store
