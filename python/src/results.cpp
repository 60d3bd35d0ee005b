// SPDX-License-Identifier: Apache-2.0
#include "python/src/results.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/ledger.h"
#include "plumb/record/step_metrics.h"
#include "plumb/report/finding_json.h"
#include "plumb/report/html.h"
#include "plumb/report/terminal.h"
#include "plumb/store/merge_ranks.h"
#include "plumb/store/run_file.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

nb::str text(std::string_view value) { return nb::str(value.data(), value.size()); }

/// Columns of doubles by name, as bytes.
class Columns {
 public:
  void add(std::string_view name, double value) {
    for (auto& [known, values] : columns_) {
      if (known == name) {
        values.push_back(value);
        return;
      }
    }
    columns_.push_back({std::string(name), {value}});
  }
  nb::dict dict() const {
    nb::dict to;
    for (const auto& [name, values] : columns_) {
      to[text(name)] = nb::bytes(values.data(), values.size() * sizeof(double));
    }
    return to;
  }

 private:
  std::vector<std::pair<std::string, std::vector<double>>> columns_;
};

nb::dict layer_of(const RunInfo& info, const LayerInfo& layer) {
  nb::dict to;
  to["path"] = text(layer.path);
  to["kind"] = text(layer.kind);
  to["family"] = text(to_string(layer.family));
  to["units"] = layer.units;
  to["fan_in"] = layer.fan_in;
  to["fan_out"] = layer.fan_out;
  to["depth"] = layer.depth;
  nb::list inputs;
  for (const Edge& edge : layer.inputs) inputs.append(text(info.layer(edge.from).path));
  to["inputs"] = inputs;
  nb::list ways;
  for (const Edge& edge : layer.inputs) ways.append(text(to_string(edge.way)));
  to["ways"] = ways;
  return to;
}

nb::dict param_of(const RunInfo& info, const ParamInfo& param) {
  nb::dict to;
  to["path"] = text(param.path);
  to["use"] = text(to_string(param.use));
  nb::list users;
  for (const LayerId user : param.users) users.append(text(info.layer(user).path));
  to["users"] = users;
  to["count"] = param.count;
  to["frozen"] = param.frozen;
  return to;
}

nb::dict load(const std::string& path) {
  const Run run = load_run(path);
  nb::dict result;
  const RunInfo& info = run.info;
  result["kind"] = text(info.kind);
  result["network"] = text(info.network);
  result["loss"] = text(info.loss);
  result["optimiser"] = text(info.optimiser);
  result["batch"] = info.batch;
  result["precision"] = text(info.precision);
  nb::dict settings;
  for (const auto& [name, value] : info.settings) settings[text(name)] = text(value);
  result["settings"] = settings;
  result["end"] = run.end ? nb::object(text(run.end->reason)) : nb::none();
  if (info.baseline) result["baseline_loss"] = info.baseline->loss;
  nb::list layers, params;
  for (const LayerInfo& layer : info.layers) layers.append(layer_of(info, layer));
  for (const ParamInfo& param : info.params) params.append(param_of(info, param));
  result["layers"] = layers;
  result["params"] = params;

  Columns steps, sketches, activations, joins, flow, ledger;
  nb::list histograms, flow_paths, ledger_paths, ledger_causes;
  for (const StepRecord& step : run.steps) {
    const auto add = [&](const auto& metric) {
      const auto& value = step.*metric.value;
      if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::optional<double>>) {
        steps.add(metric.name, value.value_or(std::numeric_limits<double>::quiet_NaN()));
      } else {
        steps.add(metric.name, static_cast<double>(value));
      }
    };
    std::apply([&](const auto&... metric) { (add(metric), ...); }, kStepMetrics);
    steps.add("measured", step.measured ? 1 : 0);
    const auto number = static_cast<double>(step.step);
    for (const auto& [site, sketch] : step.sketches) {
      sketches.add("step", number);
      sketches.add("id", site.id);
      sketches.add("role", static_cast<double>(site.role));
      sketches.add("count", static_cast<double>(sketch.count));
      sketches.add("zeros", static_cast<double>(sketch.zero_count));
      sketches.add("nonfinite", static_cast<double>(sketch.nonfinite_count));
      sketches.add("mean", sketch.mean);
      sketches.add("deviation", std::sqrt(sketch.var()));
      sketches.add("abs_max", sketch.abs_max);
      sketches.add("log2_scale", sketch.log2_scale);
      sketches.add("log2_rms", sketch.true_log2_rms());
      for (std::size_t f = 0; f < kNumberFormatCount; ++f) {
        const auto format = static_cast<NumberFormat>(f);
        const std::string name = std::string(to_string(format)) + "_flushed";
        sketches.add(name.c_str(), static_cast<double>(sketch.loss(format).flushed));
      }
      std::vector<double> bins(Sketch::kBins);
      for (int k = 0; k < Sketch::kBins; ++k) {
        bins[static_cast<std::size_t>(k)] =
            static_cast<double>(sketch.histogram[static_cast<std::size_t>(k)]);
      }
      histograms.append(nb::bytes(bins.data(), bins.size() * sizeof(double)));
    }
    for (const ActivationRecord& one : step.activations) {
      activations.add("step", number);
      activations.add("id", one.layer);
      activations.add("log2_rms_derivative", one.log2_rms_derivative);
      activations.add("saturated_fraction", one.saturated_fraction);
      activations.add("active_fraction", one.active_fraction);
      activations.add("units", static_cast<double>(one.units));
      activations.add("dead_units", static_cast<double>(one.dead_units));
    }
    for (const JoinRecord& one : step.joins) {
      for (const JoinWay& way : one.ways) {
        joins.add("step", number);
        joins.add("id", one.layer);
        joins.add("reader", way.reader);
        joins.add("input", way.input);
        joins.add("log2_rms", way.log2_rms);
        joins.add("share", way.share);
      }
    }
    if (!step.measured) continue;
    const Ledger books = make_ledger(info, step);
    for (const LedgerEntry& entry : books.entries) {
      for (const LedgerPart& part : entry.parts) {
        ledger.add("step", number);
        ledger.add("id", entry.layer);
        ledger.add("log2", part.log2);
        ledger_causes.append(text(to_string(part.cause)));
      }
    }
  }
  result["steps"] = steps.dict();
  result["sketches"] = sketches.dict();
  result["histograms"] = histograms;
  result["activations"] = activations.dict();
  result["joins"] = joins.dict();
  result["ledger"] = ledger.dict();
  result["ledger_causes"] = ledger_causes;
  const Diagnosis diagnosis(run);
  Run judged = run;
  judged.findings = diagnosis.findings();
  result["findings"] = text(findings_json(judged));
  result["verdict"] = text(verdict(diagnosis));
  result["outcome"] = text(to_string(diagnosis.outcome()));
  return result;
}

}  // namespace

std::string findings_json(const Run& run) {
  std::string to = "[";
  if (run.findings) {
    for (const Finding& finding : *run.findings) {
      if (to.size() > 1) to += ',';
      to += finding_json(run.info, *run.findings, finding);
    }
  }
  return to + "]";
}

void bind_results(nb::module_& module) {
  module.def("load", &load, nb::arg("path"));
  module.def(
      "write_report",
      [](const std::vector<std::string>& runs, const std::string& to) {
        std::vector<Run> loaded;
        for (const std::string& path : runs) loaded.push_back(load_run(path));
        write_html(loaded, to);
      },
      nb::arg("runs"), nb::arg("to"));
  module.def(
      "table",
      [](const std::string& path, int width, bool unicode) {
        TerminalOptions options;
        options.width = width;
        options.unicode = unicode;
        return render_table(load_run(path), options);
      },
      nb::arg("path"), nb::arg("width") = 80, nb::arg("unicode") = true);
  module.def(
      "merge",
      [](const std::vector<std::string>& ranks, const std::string& to) {
        return merge_rank_files(ranks, to).notes;
      },
      nb::arg("ranks"), nb::arg("to"));
  module.def("last_step", [](const std::string& path) {
    const std::vector<StepRecord> steps = load_run(path, LoadOptions::metrics()).steps;
    return steps.empty() ? std::int64_t{-1} : steps.back().step;
  });
  nb::exception<StoreError>(module, "StoreError", PyExc_OSError);
}

}  // namespace plumb::python
