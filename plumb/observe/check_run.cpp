// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/check_run.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

namespace plumb {

namespace {

bool is_in(std::int64_t id, std::size_t count) {
  return id >= 0 && static_cast<std::size_t>(id) < count;
}

std::size_t at(std::int64_t id) { return static_cast<std::size_t>(id); }

std::string quoted(const std::string& path) { return "'" + path + "'"; }

/// Its own, or one that it shares (an output layer that has the weight of an embedding).
bool reads_weight(const RunInfo& info, LayerId layer) {
  return std::any_of(info.params.begin(), info.params.end(), [&](const ParamInfo& param) {
    return param.use == ParamUse::weight &&
           std::find(param.users.begin(), param.users.end(), layer) != param.users.end();
  });
}

bool is_linear(const LayerInfo& layer) { return layer.family == LayerFamily::linear; }

/// What follows from the edges, where they are sound.
struct Ways {
  std::vector<LayerId> outputs;
  std::vector<bool> leads_out;  ///< by layer: an output depends on it
  std::vector<bool> gets_grad;  ///< and a trained parameter stands at it or below
};

std::vector<LayerId> unread_layers(const RunInfo& info) {
  std::vector<bool> is_read(info.layers.size());
  for (const LayerInfo& layer : info.layers) {
    for (const Edge& edge : layer.inputs) is_read[at(edge.from)] = true;
  }
  std::vector<LayerId> unread;
  for (std::size_t i = 0; i < is_read.size(); ++i) {
    if (!is_read[i]) unread.push_back(static_cast<LayerId>(i));
  }
  return unread;
}

/// Layers in an order of the forward pass; fewer than there are where edges form a circle.
std::vector<LayerId> forward_order(const RunInfo& info) {
  std::vector<LayerId> order;
  std::vector<bool> is_done(info.layers.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < info.layers.size(); ++i) {
      const auto& inputs = info.layers[i].inputs;
      const bool ready = std::all_of(inputs.begin(), inputs.end(),
                                     [&](const Edge& edge) { return is_done[at(edge.from)]; });
      if (is_done[i] || !ready) continue;
      is_done[i] = moved = true;
      order.push_back(static_cast<LayerId>(i));
    }
  }
  return order;
}

Ways ways_of(const RunInfo& info) {
  Ways ways;
  ways.outputs = info.outputs;
  if (ways.outputs.empty()) {
    const std::vector<LayerId> unread = unread_layers(info);
    if (!unread.empty()) ways.outputs = {unread.back()};
  }
  const std::vector<LayerId> order = forward_order(info);
  ways.leads_out.resize(info.layers.size());
  for (const LayerId output : ways.outputs) ways.leads_out[at(output)] = true;
  for (auto layer = order.rbegin(); layer != order.rend(); ++layer) {
    if (!ways.leads_out[at(*layer)]) continue;
    for (const Edge& edge : info.layer(*layer).inputs) ways.leads_out[at(edge.from)] = true;
  }
  std::vector<bool> is_trained(info.layers.size(), info.params.empty());
  for (const ParamInfo& param : info.params) {
    for (const LayerId user : param.users) {
      if (!param.frozen) is_trained[at(user)] = true;
    }
  }
  ways.gets_grad.resize(info.layers.size());
  for (const LayerId layer : order) {
    const LayerInfo& one = info.layer(layer);
    if (one.family == LayerFamily::input) continue;
    bool trained = is_trained[at(layer)];
    for (const Edge& edge : one.inputs) trained = trained || ways.gets_grad[at(edge.from)];
    ways.gets_grad[at(layer)] = trained;
  }
  for (std::size_t i = 0; i < ways.gets_grad.size(); ++i) {
    ways.gets_grad[i] = ways.gets_grad[i] && ways.leads_out[i];
  }
  return ways;
}

/// False where ids lead nowhere, so that nothing can follow them.
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

/// Gathers the same complaint of several steps into one.
class Complaints {
 public:
  void add(std::int64_t step, std::string text) {
    const auto same = [&](const One& one) { return one.text == text; };
    const auto it = std::find_if(all_.begin(), all_.end(), same);
    if (it == all_.end()) {
      all_.push_back({step, 0, std::move(text)});
    } else {
      ++it->more;
    }
  }
  void append_to(std::vector<std::string>& found) const {
    for (const One& one : all_) {
      std::string text = "step " + std::to_string(one.step);
      if (one.more > 0) text += " and " + std::to_string(one.more) + " more";
      found.push_back(text + ": " + one.text);
    }
  }

 private:
  struct One {
    std::int64_t step;
    int more;
    std::string text;
  };
  std::vector<One> all_;
};

class StepCheck {
 public:
  StepCheck(const RunInfo& info, const Ways& ways, const StepRecord& step, bool is_training,
            Complaints& complaints)
      : info_(info), ways_(ways), step_(step), is_training_(is_training), complaints_(complaints) {}

  void run() {
    if (!ids_are_there()) return;
    for (std::size_t i = 0; i < info_.layers.size(); ++i) check_layer(static_cast<LayerId>(i));
    for (std::size_t i = 0; i < info_.params.size(); ++i) check_param(static_cast<ParamId>(i));
    check_joins();
    check_signals();
  }

 private:
  void say(const std::string& text) { complaints_.add(step_.step, text); }
  bool has(const Site& site) const { return step_.find(site) != nullptr; }

  template <class Records, class IdOf>
  bool are_in(const Records& records, IdOf id_of, std::size_t count, const char* what) {
    for (const auto& record : records) {
      if (is_in(id_of(record), count)) continue;
      say(std::string(what) + " " + std::to_string(id_of(record)) + ", which is not there");
      return false;
    }
    return true;
  }

  bool ids_are_there() {
    const std::size_t layers = info_.layers.size(), params = info_.params.size();
    bool fine = true;
    for (const SketchRecord& record : step_.sketches) {
      const Site& site = record.site;
      if (is_in(site.id, site.is_of_parameter() ? params : layers)) continue;
      say("a sketch of " + std::string(to_string(site.role)) + " of " +
          (site.is_of_parameter() ? "parameter " : "layer ") + std::to_string(site.id) +
          ", which is not there");
      fine = false;
    }
    const auto layer_of = [](const auto& record) { return record.layer; };
    fine = are_in(step_.activations, layer_of, layers, "the derivative of layer") && fine;
    fine = are_in(step_.joins, layer_of, layers, "a join at layer") && fine;
    fine = are_in(step_.signals, layer_of, layers, "the signal of layer") && fine;
    fine = are_in(step_.times, layer_of, layers, "time steps of layer") && fine;
    fine = are_in(step_.inner, layer_of, layers, "an inner quantity of layer") && fine;
    fine = are_in(
               step_.blocks, [](const BlockUse& use) { return use.block; }, info_.blocks.size(),
               "the use of block") &&
           fine;
    return fine;
  }

  void check_layer(LayerId id) {
    const LayerInfo& layer = info_.layer(id);
    if (!ways_.leads_out[at(id)] || layer.first_step > step_.step) return;
    const Role role = is_linear(layer) ? Role::z : Role::a;
    const Role grad_role = is_linear(layer) ? Role::grad_z : Role::grad_a;
    if (was_left_out(layer.block)) return;
    for (const auto& [wanted, due] :
         {std::pair(role, true), {grad_role, ways_.gets_grad[at(id)]}}) {
      if (!due || has(Site::layer(id, wanted))) continue;
      say("no " + std::string(to_string(wanted)) + " of " + quoted(layer.path));
    }
    if (layer.family == LayerFamily::activation && step_.activation(id) == nullptr) {
      say("no derivative of " + quoted(layer.path) + ": the books cannot split what it does");
    }
  }

  /// An expert that was not called in this step.
  bool was_left_out(BlockId block) const {
    for (; block != kNoBlock; block = info_.blocks[at(block)].parent) {
      for (const BlockUse& use : step_.blocks) {
        if (use.block == block && use.calls == 0) return true;
      }
    }
    return false;
  }

  void check_param(ParamId id) {
    const ParamInfo& param = info_.param(id);
    if (param.users.empty() || param.first_step > step_.step) return;
    const LayerId owner = param.users.front();
    if (!ways_.leads_out[at(owner)] || was_left_out(info_.layer(owner).block)) return;
    if (!has(Site::param(id, Role::weight))) {
      say("no weight of " + quoted(param.path) +
          (param.use == ParamUse::weight ? ": the books cannot split what its layer does" : ""));
    }
    if (param.frozen) return;
    if (!has(Site::param(id, Role::grad_weight))) {
      say("no gradient of " + quoted(param.path) + ", which is not frozen");
    }
    if (is_training_ && !step_.skipped && !has(Site::param(id, Role::update))) {
      say("no update of " + quoted(param.path) + ", which is not frozen");
    }
  }

  void check_joins() {
    for (std::size_t i = 0; i < info_.layers.size(); ++i) {
      const auto from = static_cast<LayerId>(i);
      if (!ways_.gets_grad[i] || info_.layers[i].first_step > step_.step) continue;
      std::vector<std::pair<std::int32_t, LayerId>> reads;  // output, reader
      for (std::size_t j = 0; j < info_.layers.size(); ++j) {
        for (const Edge& edge : info_.layers[j].inputs) {
          if (edge.from == from && ways_.leads_out[j]) {
            reads.emplace_back(edge.output, static_cast<LayerId>(j));
          }
        }
      }
      std::sort(reads.begin(), reads.end());
      for (std::size_t k = 0; k + 1 < reads.size(); ++k) {
        const std::int32_t output = reads[k].first;
        const bool first_of_two =
            reads[k + 1].first == output && (k == 0 || reads[k - 1].first != output);
        if (!first_of_two || step_.join(from, output) != nullptr) continue;
        say("no join at " + quoted(info_.layers[i].path) + ", which " +
            quoted(info_.layer(reads[k].second).path) + " and " +
            quoted(info_.layer(reads[k + 1].second).path) + " read");
      }
    }
    for (const JoinRecord& join : step_.joins) {
      const bool of_block = join.through != kNoLayer;
      if (of_block && !brings_together(join.through)) {
        say("the join at " + quoted(info_.layer(join.layer).path) +
            " is of the ways through layer " + std::to_string(join.through) +
            ", which does not bring several tensors together");
      }
      for (const JoinWay& way : join.ways) {
        if (way.reader == kNoLayer) continue;
        if (is_in(way.reader, info_.layers.size()) && reads(way.reader, join.layer)) continue;
        // An inner block stands for all of its own ways.
        if (of_block && way.reader != join.through && brings_together(way.reader)) continue;
        say("the join at " + quoted(info_.layer(join.layer).path) + " has a way from layer " +
            std::to_string(way.reader) + ", which does not read it");
      }
    }
  }

  void check_signals() {
    constexpr double kRounding = 1e-3;
    for (const SignalRecord& record : step_.signals) {
      const std::string where = quoted(info_.layer(record.layer).path);
      if (record.samples < 0) say("the signal of " + where + " has a negative number of samples");
      if (std::abs(record.similarity) > 1 + kRounding) {
        say("the similarity of samples of " + where + " is outside -1 to 1");
      }
      if (record.directions < 0)
        say("the signal of " + where + " has a negative number of directions");
    }
  }

  bool brings_together(LayerId layer) const {
    return is_in(layer, info_.layers.size()) && info_.layer(layer).inputs.size() > 1;
  }

  bool reads(LayerId reader, LayerId from) const {
    const auto& inputs = info_.layer(reader).inputs;
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const Edge& edge) { return edge.from == from; });
  }

  const RunInfo& info_;
  const Ways& ways_;
  const StepRecord& step_;
  bool is_training_;
  Complaints& complaints_;
};

}  // namespace

std::vector<std::string> check_graph(const RunInfo& info) {
  std::vector<std::string> found;
  if (check_ids(info, found)) check_facts(info, found);
  return found;
}

std::vector<std::string> check_run(const Run& run) {
  std::vector<std::string> found;
  if (!check_ids(run.info, found)) return found;
  check_facts(run.info, found);
  const Ways ways = ways_of(run.info);
  Complaints complaints;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const StepRecord& step = run.steps[i];
    if (i > 0 && step.step <= run.steps[i - 1].step) {
      complaints.add(step.step, "comes after step " + std::to_string(run.steps[i - 1].step) +
                                    ", expected ascending steps");
    }
    if (step.measured) {
      StepCheck(run.info, ways, step, run.info.kind == "train", complaints).run();
    }
  }
  complaints.append_to(found);
  if (run.measured().empty()) found.push_back("no step was measured");
  return found;
}

}  // namespace plumb
