// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "plumb/observe/check_run.h"
#include "plumb/observe/graph_ways.h"

namespace plumb {

namespace {

using detail::quoted;

/// Its own, or one that it shares (an output layer that has the weight of an embedding).
bool reads_weight(const RunInfo& info, LayerId layer) {
  return std::any_of(info.params.begin(), info.params.end(), [&](const ParamInfo& param) {
    return param.use == ParamUse::weight &&
           std::find(param.users.begin(), param.users.end(), layer) != param.users.end();
  });
}

void check_columns(const std::vector<ColumnInfo>& columns, const char* what,
                   std::vector<std::string>& found) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnInfo& column = columns[i];
    const std::string who = std::string(what) + " " + std::to_string(i + 1) +
                            (column.name.empty() ? "" : " (" + quoted(column.name) + ")");
    if (column.deviation < 0) found.push_back(who + " has a negative deviation");
    if (column.smallest > column.largest) {
      found.push_back(who + " has a smallest value above its largest");
    }
  }
}

void check_data(const RunInfo& info, std::vector<std::string>& found) {
  if (const auto& data = info.data_info) {
    check_columns(data->inputs, "column", found);
    check_columns(data->targets, "target", found);
    std::int64_t labels = 0;
    for (const std::int64_t size : data->class_sizes) {
      if (size < 0) found.push_back("a class has a negative number of labels");
      labels += size;
    }
    if (labels == 0 && !data->class_sizes.empty()) found.push_back("no class has a label");
    if (data->between_batches && !(*data->between_batches >= 0 && *data->between_batches <= 1)) {
      found.push_back("of the targets' variance a part outside 0 to 1 lies between batches");
    }
    if (!data->class_sizes.empty() && !data->targets.empty()) {
      found.push_back("the data have classes and values as targets, expected one of them");
    }
  }
  if (const auto& baseline = info.baseline) {
    if (baseline->accuracy < 0 || baseline->accuracy > 1) {
      found.push_back("the baseline has an accuracy outside 0 to 1");
    }
    if (baseline->loss_deviation < 0) found.push_back("the baseline has a negative deviation");
  }
}

}  // namespace

namespace detail {

bool check_ids(const RunInfo& info, std::vector<std::string>& found) {
  const std::size_t before = found.size();
  const std::size_t layers = info.layers.size(), blocks = info.blocks.size();
  for (const LayerInfo& layer : info.layers) {
    const std::string who = "layer " + quoted(layer.path);
    for (const Edge& edge : layer.inputs) {
      if (is_in(edge.from, layers)) continue;
      found.push_back(who + " reads layer " + std::to_string(edge.from) + ", which is not there");
    }
    if (layer.block != kNoBlock && !is_in(layer.block, blocks)) {
      found.push_back(who + " stands in block " + std::to_string(layer.block) +
                      ", which is not there");
    }
  }
  for (const BlockInfo& block : info.blocks) {
    // A block stands behind the one around it.
    const auto own = &block - info.blocks.data();
    if (block.parent == kNoBlock || (block.parent >= 0 && block.parent < own)) continue;
    found.push_back("block " + quoted(block.path) + " stands in block " +
                    std::to_string(block.parent) + ", expected one before it");
  }
  for (const ParamInfo& param : info.params) {
    for (const LayerId user : param.users) {
      if (is_in(user, layers)) continue;
      found.push_back("parameter " + quoted(param.path) + " is used by layer " +
                      std::to_string(user) + ", which is not there");
    }
  }
  for (const LayerId output : info.outputs) {
    if (is_in(output, layers)) continue;
    found.push_back("the loss reads layer " + std::to_string(output) + ", which is not there");
  }
  return found.size() == before;
}

void check_facts(const RunInfo& info, std::vector<std::string>& found) {
  check_data(info, found);
  if (info.layers.empty()) {
    found.push_back("the graph has no layers");
    return;
  }
  const std::vector<LayerId> order = forward_order(info);
  for (std::size_t i = 0; i < info.layers.size() && order.size() < info.layers.size(); ++i) {
    if (std::find(order.begin(), order.end(), static_cast<LayerId>(i)) != order.end()) continue;
    found.push_back("layer " + quoted(info.layers[i].path) +
                    " depends on its own output: edges form a circle");
    break;
  }
  if (const std::vector<LayerId> unread = unread_layers(info);
      info.outputs.empty() && unread.size() > 1) {
    std::string all;
    for (const LayerId layer : unread)
      all += (all.empty() ? "" : ", ") + quoted(info.layer(layer).path);
    found.push_back("no layer reads " + all + ", and none is named as an output");
  }
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    const LayerInfo& layer = info.layers[i];
    const std::string who = "layer " + quoted(layer.path);
    if (layer.inputs.empty() && layer.family != LayerFamily::input) {
      found.push_back(who + " reads nothing, and is no input");
    }
    if (is_linear(layer)) {
      const bool has_weight = reads_weight(info, static_cast<LayerId>(i));
      if (!has_weight) found.push_back(who + " has no weight among the parameters");
      if (has_weight && (layer.fan_in <= 0 || layer.fan_out <= 0)) {
        found.push_back(who + " has no fan_in or no fan_out: the books cannot split it");
      }
    }
    if (layer.family == LayerFamily::activation && !layer.traits) {
      found.push_back(who + " has no traits: rules about its kind are silent");
    }
  }
}

}  // namespace detail

std::vector<std::string> check_graph(const RunInfo& info) {
  std::vector<std::string> found;
  if (detail::check_ids(info, found)) detail::check_facts(info, found);
  return found;
}

}  // namespace plumb
