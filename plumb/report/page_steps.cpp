// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>

#include "plumb/report/join_lines.h"
#include "plumb/report/page_json-inl.h"

namespace plumb::page {

namespace {

// Places as ranges, both ends included: [[0, 298]].
Json ranges(const std::vector<std::size_t>& places) {
  Json list = Json::array();
  for (const std::size_t place : places) {
    if (!list.empty() && list.back()[1].get<std::size_t>() + 1 == place) {
      list.back()[1] = place;
    } else {
      list.push_back({place, place});
    }
  }
  return list;
}

// What has no logarithm, by column: a zero, and what is not finite.
struct Lanes {
  Json zero = Json::object(), nonfinite = Json::object();

  void add(const char* name, const std::vector<std::size_t>& zeros,
           const std::vector<std::size_t>& broken) {
    if (!zeros.empty()) zero[name] = ranges(zeros);
    if (!broken.empty()) nonfinite[name] = ranges(broken);
  }
};

bool is_broken(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

// Columns rather than rows: half the size, and what the charts want. One without any value is left
// out.
Json flow_json(const StepIndex& index, const std::vector<LayerLine>& lines) {
  Json flow = Json::object();
  Lanes lanes;
  const auto column = [&](const char* name, auto value) {
    Json values = Json::array();
    bool any = false;
    for (const auto& line : lines) {
      values.push_back(value(line));
      any = any || !values.back().is_null();
    }
    if (any) flow[name] = std::move(values);
  };
  const auto magnitudes = [&](const char* name, double FlowPoint::*member, auto broken) {
    column(name, [&](const LayerLine& line) { return drawn_log10(line.flow.*member); });
    std::vector<std::size_t> zeros, without;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const double value = lines[i].flow.*member;
      if (std::isinf(value) && value < 0) zeros.push_back(i);
      if (!std::isfinite(value) && broken(lines[i])) without.push_back(i);
    }
    lanes.add(name, zeros, without);
  };
  const auto in = [&](Role role) {
    return [&index, role](const LayerLine& l) { return is_broken(index.find(l.flow.layer, role)); };
  };
  magnitudes("grad_z", &FlowPoint::log2_grad_z, in(Role::grad_z));
  magnitudes("grad_weight", &FlowPoint::log2_grad_weight, in(Role::grad_weight));
  // Its own output is what an activation that is not finite was made of, or that itself.
  magnitudes("a", &FlowPoint::log2_a, [&](const LayerLine& line) {
    return is_broken(index.find(line.flow.layer, Role::z)) ||
           (line.activation != kNoLayer && is_broken(index.find(line.activation, Role::a)));
  });
  magnitudes("weight", &FlowPoint::log2_weight, in(Role::weight));
  magnitudes("update_ratio", &FlowPoint::log2_update_ratio, in(Role::update));
  column("saturated_fraction",
         [](const LayerLine& l) { return drawn_fraction(l.saturated_fraction); });
  column("dead_fraction", [](const LayerLine& l) { return drawn_fraction(l.dead_fraction); });
  Json result{{"flow", std::move(flow)}};
  if (!lanes.zero.empty()) result["zero"] = std::move(lanes.zero);
  if (!lanes.nonfinite.empty()) result["nonfinite"] = std::move(lanes.nonfinite);
  return result;
}

// "first" and "last" count linear layers as the charts do.
Json joins_json(const LayerGraph& graph, const StepIndex& index) {
  Json joins = Json::array();
  for (const JoinLine& line : make_join_lines(graph, index)) {
    Json join{{"layer", line.layer},
              {"first", line.first_layer},
              {"last", line.last_layer},
              {"shortcut", log10_of(line.log2_shortcut)},
              {"branch", log10_of(line.log2_branch)},
              {"cosine", rounded(line.cosine)}};
    if (!std::isnan(line.carried_mean)) {
      join["gate"] = log10_of(line.log2_gate);
      join["carried"] = rounded(line.carried_mean);
    }
    joins.push_back(std::move(join));
  }
  return joins;
}

}  // namespace

SplitLines split_lines(std::vector<LayerLine> lines) {
  SplitLines split;
  for (LayerLine& line : lines) {
    (line.flow.beside.empty() ? split.chain : split.beside).push_back(std::move(line));
  }
  return split;
}

Json measured_json(const LayerGraph& graph, const StepRecord& step, std::size_t points) {
  const StepIndex index(graph.info(), step);
  const auto [lines, beside] = split_lines(make_layer_lines(graph, index));
  std::vector<FlowPoint> profile;
  for (const LayerLine& line : lines) profile.push_back(line.flow);
  const DepthScale scale = fit_depth_scale(profile);
  Json times = Json::array();
  for (const TimeRecord& record : step.times) {
    times.push_back(time_json(graph.info(), step, record, points));
  }
  Json result{{"step", step.step}};
  result.update(flow_json(index, lines));
  result["beside"] = flow_json(index, beside);
  result["depth_scale"] = {{"layers_per_efold", number(scale.layers_per_efold)},
                           {"log10_per_layer", log10_of(scale.log2_per_layer)},
                           {"r_squared", rounded(scale.r_squared)},
                           {"layers", scale.layers}};
  result["joins"] = joins_json(graph, index);
  result["ledger"] = ledger_json(make_ledger(graph, index));
  result["times"] = std::move(times);
  return result;
}

}  // namespace plumb::page
