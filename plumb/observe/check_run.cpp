// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/check_run.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "plumb/observe/graph_ways.h"

namespace plumb {

namespace {

using detail::at;
using detail::is_in;
using detail::is_linear;
using detail::quoted;
using detail::Ways;

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

std::vector<std::string> check_run(const Run& run) {
  std::vector<std::string> found;
  if (!detail::check_ids(run.info, found)) return found;
  detail::check_facts(run.info, found);
  const Ways ways = detail::ways_of(run.info);
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
