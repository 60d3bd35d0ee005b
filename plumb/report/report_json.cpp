// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/report_json.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "plumb/diagnose/words/verdict.h"
#include "plumb/report/finding_json.h"
#include "plumb/report/page_json-inl.h"
#include "plumb/report/predicted_flow.h"
#include "plumb/report/spectrum_steps.h"
#include "plumb/report/thin.h"

namespace plumb {

namespace {

using page::Json;
using page::log10_of;
using page::number;

constexpr int kSchema = 3;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

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

Json to_json(const LayerInfo& layer, const RunInfo& info) {
  Json inputs = Json::array();
  for (const Edge& edge : layer.inputs) {
    inputs.push_back({{"from", edge.from}, {"way", to_string(edge.way)}, {"main", edge.main}});
  }
  return {{"path", layer.path},
          {"kind", layer.kind},
          {"family", to_string(layer.family)},
          {"text", layer.text},
          {"function", layer.function},
          {"inputs", std::move(inputs)},
          {"block", layer.block < 0 ? std::string()
                                    : info.blocks[static_cast<std::size_t>(layer.block)].path},
          {"depth", layer.depth},
          {"units", layer.units},
          {"fan_in", layer.fan_in},
          {"fan_out", layer.fan_out}};
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

Json series_json(const std::vector<StepRecord>& steps, const ReportLimits& limits) {
  Json series{{"step", Json::array()},          {"loss", Json::array()},
              {"accuracy", Json::array()},      {"grad_norm", Json::array()},
              {"learning_rate", Json::array()}, {"validation", Json::array()}};
  for (const std::size_t i : thin_out(steps.size(), limits.series_steps)) {
    if (steps[i].step <= limits.after) continue;
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
  for (const std::size_t i : thin_out(validated.size(), limits.series_steps)) {
    if (validated[i]->step <= limits.after) continue;
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

Json places_of(const std::vector<LayerLine>& lines) {
  Json places = Json::array();
  for (const auto& line : lines) {
    places.push_back({{"layer", line.flow.layer},
                      {"depth", line.flow.depth},
                      {"text", line.text},
                      {"activation", page::id_json(line.activation)}});
  }
  return places;
}

// Of the records that were read for it, else of those of the run.
Json spectra_json(const DiagnosedRun& one, const LayerGraph& graph, const ReportLimits& limits) {
  Json spectra = Json::array();
  const auto add = [&](const StepRecord& step) {
    if (step.step <= limits.after) return;
    Json spectrum = page::spectrum_json(graph, step);
    if (!spectrum.is_null()) spectra.push_back(std::move(spectrum));
  };
  if (!one.spectra.empty()) {
    for (const StepRecord& step : one.spectra) add(step);
    return spectra;
  }
  const std::vector<const StepRecord*> measured = one.run->measured();
  std::vector<std::int64_t> steps;
  for (const StepRecord* step : measured) steps.push_back(step->step);
  steps = spectrum_steps(steps, one.diagnosis->findings(), limits.spectra);
  for (const StepRecord* step : measured) {
    if (std::binary_search(steps.begin(), steps.end(), step->step)) add(*step);
  }
  return spectra;
}

// What the verdict speaks of: the norm of one sample's gradient at the lowest layer that could be
// judged, to that at the last one with weights. Null where nothing could be judged.
Json reach_json(const RunView& view, std::int64_t step) {
  const std::vector<MeasuredStep>& measured = view.measured();
  const auto it = std::lower_bound(
      measured.begin(), measured.end(), step,
      [](const MeasuredStep& one, std::int64_t number) { return one.step < number; });
  if (it == measured.end() || it->step != step || !it->flow.known) return nullptr;
  const DepthFlow& flow = it->flow;
  return {{"total", log10_of(flow.log2_total)},
          {"bottom", page::id_json(flow.bottom)},
          {"top", page::id_json(flow.top)},
          {"ends", flow.stops()}};
}

Json commands_json(const std::vector<RemedyCommand>& commands) {
  Json list = Json::array();
  for (const RemedyCommand& one : commands) {
    list.push_back({{"text", one.text}, {"command", one.command}});
  }
  return list;
}

Json proof_json(const ReportProof& proof) {
  Json result{{"ending", proof.ending},           {"text", proof.text},
              {"is_accuracy", proof.is_accuracy}, {"constant_score", number(proof.constant_score)},
              {"seeds", Json::array()},           {"arms", Json::array()},
              {"changes", Json::array()},         {"command", proof.command}};
  for (const std::uint64_t seed : proof.seeds) result["seeds"].push_back(std::to_string(seed));
  for (const ProofArm& arm : proof.arms) {
    Json scores = Json::array();
    for (const std::optional<double>& score : arm.scores)
      scores.push_back(score ? number(*score) : Json());
    Json one{{"name", arm.name},
             {"scores", std::move(scores)},
             {"mean", number(arm.mean)},
             {"below_cured", nullptr}};
    if (arm.below_cured) {
      one["below_cured"] = {{"mean", number(arm.below_cured->mean)},
                            {"low", number(arm.below_cured->low)},
                            {"high", number(arm.below_cured->high)},
                            {"p", number(arm.below_cured->p)}};
    }
    result["arms"].push_back(std::move(one));
  }
  for (const ProofChange& one : proof.changes) {
    result["changes"].push_back({{"key", one.key}, {"before", one.before}, {"after", one.after}});
  }
  return result;
}

Json to_json(const DiagnosedRun& one, const ReportLimits& limits) {
  const Run& run = *one.run;
  const Diagnosis& diagnosis = *one.diagnosis;
  const std::vector<Finding>& findings = diagnosis.findings();
  const LayerGraph graph(run.info);
  Json result;
  result["label"] = run.info.title();
  result["file"] = one.file;
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
    result["findings"].push_back(Json::parse(finding_json(run.info, findings, finding)));
  }
  result["commands"] = commands_json(one.commands);
  result["layers"] = Json::array();
  for (const auto& layer : run.info.layers) {
    result["layers"].push_back(to_json(layer, run.info));
  }

  const auto measured = run.measured();
  page::SplitLines lines;
  if (!measured.empty()) {
    lines = page::split_lines(make_layer_lines(graph, StepIndex(run.info, *measured.front())));
  }
  result["profile"] = places_of(lines.chain);
  result["beside"] = places_of(lines.beside);
  const std::size_t layers = std::max<std::size_t>(lines.chain.size() + lines.beside.size(), 1);
  const std::vector<std::size_t> picked = thin_out(measured.size(), limits.steps_for(layers));
  const std::size_t points = time_points(picked, measured, limits);
  result["measured"] = Json::array();
  for (const std::size_t i : picked) {
    if (measured[i]->step <= limits.after) continue;
    result["measured"].push_back(page::measured_json(graph, *measured[i], points));
    result["measured"].back()["reach"] = reach_json(diagnosis.view(), measured[i]->step);
  }
  result["spectra"] = spectra_json(one, graph, limits);
  result["theory"] = theory_json(run);
  result["series"] = series_json(run.steps, limits);
  result["recorded"] = {{"steps", run.steps.size()},
                        {"measured", std::max(one.measured, measured.size())}};
  return result;
}

}  // namespace

std::size_t ReportLimits::steps_for(std::size_t layers) const {
  return std::max<std::size_t>(
      2, std::min(measured_steps, layer_steps / std::max<std::size_t>(layers, 1)));
}

std::string report_json(std::span<const DiagnosedRun> runs, const ReportLimits& limits,
                        const ReportProof* proof) {
  Json document{{"schema", kSchema}, {"runs", Json::array()}};
  for (const DiagnosedRun& one : runs) {
    document["runs"].push_back(to_json(one, limits));
  }
  if (proof != nullptr) document["proof"] = proof_json(*proof);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Diagnoses::Diagnoses(std::span<const Run> runs) {
  for (const Run& run : runs) {
    diagnoses_.push_back(std::make_unique<Diagnosis>(run));
    DiagnosedRun& one = all_.emplace_back();
    one.run = &run;
    one.diagnosis = diagnoses_.back().get();
  }
}

std::string report_json(std::span<const Run> runs, const ReportLimits& limits) {
  return report_json(Diagnoses(runs).all(), limits);
}

std::string report_json(const Run& run, const ReportLimits& limits) {
  return report_json(std::span(&run, 1), limits);
}

}  // namespace plumb
