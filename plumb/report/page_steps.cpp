// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>

#include "plumb/report/join_lines.h"
#include "plumb/report/page_json-inl.h"

namespace plumb::page {

namespace {

// Columns rather than rows: half the size, and what the charts want. One without any value is left
// out.
Json flow_columns(const std::vector<LayerLine>& lines) {
  Json flow = Json::object();
  const auto column = [&](const char* name, auto value) {
    Json values = Json::array();
    bool any = false;
    for (const auto& line : lines) {
      values.push_back(value(line));
      any = any || !values.back().is_null();
    }
    if (any) flow[name] = std::move(values);
  };
  column("grad_z", [](const LayerLine& l) { return drawn_log10(l.flow.log2_grad_z); });
  column("grad_weight", [](const LayerLine& l) { return drawn_log10(l.flow.log2_grad_weight); });
  column("a", [](const LayerLine& l) { return drawn_log10(l.flow.log2_a); });
  column("weight", [](const LayerLine& l) { return drawn_log10(l.flow.log2_weight); });
  column("update_ratio", [](const LayerLine& l) { return drawn_log10(l.flow.log2_update_ratio); });
  column("saturated_fraction",
         [](const LayerLine& l) { return drawn_fraction(l.saturated_fraction); });
  column("dead_fraction", [](const LayerLine& l) { return drawn_fraction(l.dead_fraction); });
  return flow;
}

Json marks_of(const std::vector<LayerLine>& lines) {
  Json marks = Json::array();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].nonfinite) {
      marks.push_back({{"layer", i}, {"state", "nonfinite"}});
    } else if (std::isinf(lines[i].flow.log2_grad_z) && lines[i].flow.log2_grad_z < 0) {
      marks.push_back({{"layer", i}, {"state", "zero"}});
    }
  }
  return marks;
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
  return {{"step", step.step},
          {"flow", flow_columns(lines)},
          {"marks", marks_of(lines)},
          {"beside", {{"flow", flow_columns(beside)}, {"marks", marks_of(beside)}}},
          {"depth_scale",
           {{"layers_per_efold", number(scale.layers_per_efold)},
            {"log10_per_layer", log10_of(scale.log2_per_layer)},
            {"r_squared", rounded(scale.r_squared)},
            {"layers", scale.layers}}},
          {"joins", joins_json(graph, index)},
          {"ledger", ledger_json(make_ledger(graph, index))},
          {"times", std::move(times)}};
}

}  // namespace plumb::page
