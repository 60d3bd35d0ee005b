// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/report_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/time_flow.h"
#include "plumb/report/join_lines.h"
#include "plumb/report/layer_lines.h"
#include "plumb/report/magnitude.h"
#include "plumb/report/predicted_flow.h"
#include "plumb/report/thin.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 2;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json rounded(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1e4) / 1e4) : Json(nullptr);
}

Json log10_of(double log2_value) { return rounded(log2_value * kLog10Of2); }

// Of what is drawn on an axis of decades: a thousandth is less than a pixel.
Json drawn_log10(double log2_value) {
  const double value = std::round(log2_value * kLog10Of2 * 1e3) / 1e3;
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json drawn_fraction(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1e3) / 1e3) : Json(nullptr);
}

Json to_json(const RunInfo& info) {
  return {{"kind", info.kind},
          {"network", info.network},
          {"data", info.data},
          {"loss", info.loss},
          {"optimiser", info.optimiser},
          {"precision", info.precision},
          {"seed", std::to_string(info.seed)},
          {"batch", info.batch},
          {"classes", info.classes},
          {"planned_steps", info.planned_steps},
          {"threads", info.threads},
          {"plumb_version", info.plumb_version},
          {"machine", info.machine},
          {"started_at", info.started_at},
          {"settings", info.settings}};
}

Json id_json(std::int32_t id) { return id < 0 ? Json(nullptr) : Json(id); }

Json to_json(const Remedy& remedy, const std::string& text) {
  Json arguments = Json::object();
  for (const auto& [name, value] : remedy.arguments) {
    std::visit([&, key = name](const auto& one) { arguments[key] = one; }, value);
  }
  return {{"kind", to_string(remedy.kind)},
          {"layer", remedy.target.is_layer() ? id_json(remedy.target.id) : Json(nullptr)},
          {"arguments", std::move(arguments)},
          {"text", text}};
}

Json to_json(const Finding& finding, const RunInfo& info, std::span<const Finding> all) {
  const FindingWords words = words_of(info, all, finding);
  Json evidence = Json::array();
  for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
    const Evidence& one = finding.evidence[i];
    evidence.push_back({{"quantity", to_string(one.fact.quantity)},
                        {"name", words.evidence_names[i]},
                        {"value", number(one.fact.value)},
                        {"threshold", number(one.threshold)},
                        {"threshold_source", words.evidence_sources[i]}});
  }
  Json remedies = Json::array();
  for (std::size_t i = 0; i < finding.remedies.size(); ++i) {
    remedies.push_back(to_json(finding.remedies[i], words.remedies[i]));
  }
  return {{"id", finding.id},
          {"rule", finding.rule},
          {"severity", to_string(finding.severity)},
          {"layer", id_json(layer_at(info, finding.place))},
          {"where", place_text(info, finding.place)},
          {"first_step", finding.first_step},
          {"last_step", finding.last_step},
          {"over", finding.over},
          {"symptom", words.symptom},
          {"evidence", std::move(evidence)},
          {"cause", words.cause},
          {"cause_kind", to_string(finding.cause.kind)},
          {"explained_by", finding.explained_by ? Json(*finding.explained_by) : Json(nullptr)},
          {"consequence", words.consequence},
          {"remedies", std::move(remedies)}};
}

Json to_json(const LayerInfo& layer, const RunInfo& info) {
  return {{"path", layer.path},
          {"kind", layer.kind},
          {"family", to_string(layer.family)},
          {"text", layer.text},
          {"block", layer.block < 0 ? std::string()
                                    : info.blocks[static_cast<std::size_t>(layer.block)].path},
          {"depth", layer.depth},
          {"units", layer.units},
          {"fan_in", layer.fan_in},
          {"fan_out", layer.fan_out}};
}

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

// Entries as columns: their layers, and of each cause that occurs its part in every entry; what an
// entry adds is the sum of its parts.
Json entries_json(const std::vector<LedgerEntry>& entries) {
  Json layers = Json::array(), ways = Json::array();
  std::array<std::vector<double>, kCauses.size()> parts;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const LedgerEntry& entry = entries[i];
    layers.push_back(entry.layer);
    for (const LedgerPart& part : entry.parts) {
      std::vector<double>& column = parts[static_cast<std::size_t>(part.cause)];
      column.resize(entries.size(), 0.0);
      column[i] += part.log2;
    }
    for (const LedgerWay& way : entry.ways) {
      ways.push_back({{"entry", i},
                      {"way", to_string(way.way)},
                      {"main", way.main},
                      {"rms", log10_of(way.log2_rms)},
                      {"share", rounded(way.share)},
                      {"books", entries_json(way.entries)}});
    }
  }
  Json columns = Json::object();
  for (const Cause cause : kCauses) {
    Json column = Json::array();
    bool any = false;
    for (const double value : parts[static_cast<std::size_t>(cause)]) {
      column.push_back(value == 0 ? Json(0) : log10_of(value));
      any = any || value != 0;
    }
    if (any) columns[std::string(to_string(cause))] = std::move(column);
  }
  Json result{{"layers", std::move(layers)}, {"parts", std::move(columns)}};
  if (!ways.empty()) result["ways"] = std::move(ways);
  return result;
}

Json to_json(const Ledger& ledger) {
  return {{"loss_gradient", log10_of(ledger.log2_loss_gradient)},
          {"total", log10_of(ledger.total)},
          {"ends_at", id_json(ledger.ends_at)},
          {"ends_because", end_text(ledger)},
          {"books", entries_json(ledger.entries)}};
}

std::size_t place(std::int64_t t) { return static_cast<std::size_t>(t); }

// What would be there of a gradient of the last step alone, by time step.
std::vector<double> kept_gradient(const TimeRecord& record, const TimeLedger& ledger) {
  std::vector<double> kept(place(record.time_steps), std::numeric_limits<double>::quiet_NaN());
  if (ledger.last < 0) return kept;
  double level = ledger.log2_last;
  kept[place(ledger.last)] = level;
  const std::int64_t towards_first = record.reverse ? 1 : -1;
  for (const TimeLedgerStep& line : ledger.steps) {
    level += line.log2_kept;
    kept[place(line.t + towards_first)] = level;
  }
  return kept;
}

Json time_summary(const TimeFlow& flow) {
  Json parts = Json::object();
  for (std::size_t i = 0; i < kTimeCauseCount; ++i) {
    if (flow.parts[i] != 0) {
      parts[std::string(to_string(static_cast<TimeCause>(i)))] = log10_of(flow.parts[i]);
    }
  }
  return {{"steps", flow.steps},
          {"total", log10_of(flow.log2_total)},
          {"kept", log10_of(flow.log2_kept)},
          {"steps_per_efold", number(flow.scale.steps_per_efold)},
          {"log10_per_step", log10_of(flow.scale.log2_per_step)},
          {"r_squared", rounded(flow.scale.r_squared)},
          {"memory", flow.memory},
          {"memory_is_all", flow.memory_is_all},
          {"ends_because", time_end_text(flow)},
          {"parts", std::move(parts)}};
}

Json time_json(const RunInfo& info, const StepRecord& step, const TimeRecord& record,
               std::size_t points) {
  const std::vector<std::size_t> picked = thin_out(place(record.time_steps), points);
  const auto column = [&](const auto& values, const auto& convert) {
    Json result = Json::array();
    for (const std::size_t t : picked) {
      result.push_back(t < values.size() ? convert(static_cast<double>(values[t])) : Json());
    }
    return result;
  };
  Json result{{"layer", record.layer},
              {"reverse", record.reverse},
              {"time_steps", record.time_steps},
              {"units", record.units},
              {"t", picked},
              {"summary", time_summary(time_flow(info, step, record))}};
  const std::vector<double> state = state_gradient(record);
  result["gradient"] = column(state, log10_of);
  // A zero has no place on a log axis and is told apart from what was not measured.
  Json& zero = result["zero"] = Json::array();
  for (const std::size_t t : picked) {
    if (std::isinf(state[t]) && state[t] < 0) zero.push_back(t);
  }
  result["kept"] = column(kept_gradient(record, make_time_ledger(info, step, record)), log10_of);
  for (const TimeQuantity quantity :
       {TimeQuantity::grad_h, TimeQuantity::grad_c, TimeQuantity::h, TimeQuantity::c}) {
    if (const auto* values = record.find(quantity)) {
      result[std::string(to_string(quantity))] = column(*values, log10_of);
    }
  }
  Json& gates = result["gates"] = Json::object();
  for (const TimeSeries& series : record.series) {
    if (series.statistic == TimeStatistic::log2_rms) continue;
    gates[std::string(to_string(series.quantity))][std::string(to_string(series.statistic))] =
        column(series.values, rounded);
  }
  const TimeShares shares = time_shares(record);
  Json& ways = result["shares"] = Json::object();
  for (std::size_t i = 0; i < shares.ways.size(); ++i) {
    ways[std::string(to_string(shares.ways[i]))] = column(shares.shares[i], rounded);
  }
  return result;
}

// Points of time that the page gets for each measured step and layer.
std::size_t time_points(const std::vector<std::size_t>& picked,
                        const std::vector<const StepRecord*>& measured,
                        const ReportLimits& limits) {
  std::size_t series = 1;
  for (const std::size_t i : picked) {
    for (const TimeRecord& record : measured[i]->times) series += record.series.size();
  }
  return std::clamp(limits.time_values / series, std::size_t{24}, limits.time_points);
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

// The lines of the chain, which the charts join from layer to layer, and those beside it.
struct SplitLines {
  std::vector<LayerLine> chain, beside;
};

SplitLines split_lines(std::vector<LayerLine> lines) {
  SplitLines split;
  for (LayerLine& line : lines) {
    (line.flow.beside.empty() ? split.chain : split.beside).push_back(std::move(line));
  }
  return split;
}

Json places_of(const std::vector<LayerLine>& lines) {
  Json places = Json::array();
  for (const auto& line : lines) {
    places.push_back({{"layer", line.flow.layer}, {"depth", line.flow.depth}, {"text", line.text}});
  }
  return places;
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
          {"ledger", to_json(make_ledger(graph, index))},
          {"times", std::move(times)}};
}

// Columns beside those of the flow; null where there is no theory.
Json theory_json(const Run& run) {
  const auto points = predict_flow(run);
  if (!points) return nullptr;
  Json result{{"step", run.measured().front()->step}};
  const auto column = [&](const char* name, auto member) {
    Json& values = result[name] = Json::array();
    for (const auto& point : *points) values.push_back(log10_of(point.*member));
  };
  column("grad_z", &theory::ProfilePoint::log2_grad_z);
  column("grad_z_mean", &theory::ProfilePoint::log2_grad_z_mean);
  column("grad_weight", &theory::ProfilePoint::log2_grad_weight);
  column("z", &theory::ProfilePoint::log2_z);
  return result;
}

Json series_json(const std::vector<StepRecord>& steps, std::size_t at_most) {
  Json series{{"step", Json::array()},          {"loss", Json::array()},
              {"accuracy", Json::array()},      {"grad_norm", Json::array()},
              {"learning_rate", Json::array()}, {"validation", Json::array()}};
  for (const std::size_t i : thin_out(steps.size(), at_most)) {
    series["step"].push_back(steps[i].step);
    series["loss"].push_back(number(steps[i].loss));
    series["accuracy"].push_back(number(steps[i].accuracy));
    series["grad_norm"].push_back(number(steps[i].grad_norm));
    series["learning_rate"].push_back(number(steps[i].learning_rate));
  }
  // Validation is rare, so it is thinned by itself: even steps of the run would miss it.
  std::vector<const StepRecord*> validated;
  for (const auto& step : steps) {
    if (step.validation_loss || step.validation_accuracy) validated.push_back(&step);
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::size_t i : thin_out(validated.size(), at_most)) {
    series["validation"].push_back(
        {{"step", validated[i]->step},
         {"loss", number(validated[i]->validation_loss.value_or(nan))},
         {"accuracy", number(validated[i]->validation_accuracy.value_or(nan))}});
  }
  return series;
}

std::string_view severity_of(const Diagnosis& diagnosis) {
  const Outcome outcome = diagnosis.outcome();
  if (is_well(outcome)) return "healthy";
  const std::vector<Finding>& findings = diagnosis.findings();
  const bool alarm = !findings.empty() && findings.front().severity > Severity::note;
  if (alarm) return to_string(findings.front().severity);
  return to_string(outcome == Outcome::not_learning ? Severity::critical : Severity::note);
}

/// Null where the losses tell nothing.
Json learning_json(const RunView& view) {
  const Learning learning = view.learning();
  if (!learning.known || view.info().kind == "probe") return nullptr;
  return {{"steps", learning.steps},
          {"loss_at_first", number(learning.at_first)},
          {"loss_at_last", number(learning.at_last)},
          {"best_loss", number(learning.best)},
          {"baseline_loss", number(learning.has_baseline ? learning.reference : kNan)},
          {"baseline_accuracy", number(learning.baseline_accuracy)},
          {"gained_fraction", number(learning.gained)}};
}

Json to_json(const DiagnosedRun& one, const ReportLimits& limits) {
  const Run& run = *one.run;
  const Diagnosis& diagnosis = *one.diagnosis;
  const std::vector<Finding>& findings = diagnosis.findings();
  const LayerGraph graph(run.info);
  Json result;
  result["label"] = run.info.title();
  result["info"] = to_json(run.info);
  result["end"] = nullptr;
  if (run.end) {
    result["end"] = {{"reason", run.end->reason},
                     {"steps", run.end->steps},
                     {"time_s", number(run.end->time_s)}};
  }
  result["verdict"] = {{"severity", severity_of(diagnosis)},
                       {"outcome", to_string(diagnosis.outcome())},
                       {"text", verdict(diagnosis)}};
  result["learning"] = learning_json(diagnosis.view());
  result["findings"] = Json::array();
  for (const auto& finding : findings) {
    result["findings"].push_back(to_json(finding, run.info, findings));
  }
  result["layers"] = Json::array();
  for (const auto& layer : run.info.layers) {
    result["layers"].push_back(to_json(layer, run.info));
  }

  const auto measured = run.measured();
  SplitLines lines;
  if (!measured.empty()) {
    lines = split_lines(make_layer_lines(graph, StepIndex(run.info, *measured.front())));
  }
  result["profile"] = places_of(lines.chain);
  result["beside"] = places_of(lines.beside);
  const std::size_t layers = std::max<std::size_t>(lines.chain.size() + lines.beside.size(), 1);
  const std::vector<std::size_t> picked = thin_out(measured.size(), limits.steps_for(layers));
  const std::size_t points = time_points(picked, measured, limits);
  result["measured"] = Json::array();
  for (const std::size_t i : picked) {
    result["measured"].push_back(measured_json(graph, *measured[i], points));
  }
  result["theory"] = theory_json(run);
  result["series"] = series_json(run.steps, limits.series_steps);
  result["recorded"] = {{"steps", run.steps.size()},
                        {"measured", std::max(one.measured, measured.size())}};
  return result;
}

}  // namespace

std::size_t ReportLimits::steps_for(std::size_t layers) const {
  return std::max<std::size_t>(
      2, std::min(measured_steps, layer_steps / std::max<std::size_t>(layers, 1)));
}

std::string report_json(std::span<const DiagnosedRun> runs, const ReportLimits& limits) {
  Json document{{"schema", kSchema}, {"runs", Json::array()}};
  for (const DiagnosedRun& one : runs) {
    document["runs"].push_back(to_json(one, limits));
  }
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Diagnoses::Diagnoses(std::span<const Run> runs) {
  for (const Run& run : runs) {
    diagnoses_.push_back(std::make_unique<Diagnosis>(run));
    all_.push_back({&run, diagnoses_.back().get()});
  }
}

std::string report_json(std::span<const Run> runs, const ReportLimits& limits) {
  return report_json(Diagnoses(runs).all(), limits);
}

std::string report_json(const Run& run, const ReportLimits& limits) {
  return report_json(std::span(&run, 1), limits);
}

}  // namespace plumb
