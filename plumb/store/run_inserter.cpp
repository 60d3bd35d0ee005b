// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/run_inserter.h"

#include <cmath>
#include <limits>

namespace plumb::store {

namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();  // stored as NULL
}  // namespace

RunInserter::RunInserter(const Database& database)
    : info_(database, "INSERT INTO info VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      setting_(database, "INSERT INTO setting VALUES(?,?,?)"),
      layer_(database, "INSERT INTO layer VALUES(?,?,?,?,?,?,?,?,?,?,?)"),
      site_(database, "INSERT INTO site VALUES(?,?,?,?)"),
      step_(database, "INSERT INTO step VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      sketch_(database, "INSERT INTO sketch VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"),
      activation_(database, "INSERT INTO activation VALUES(?,?,?,?,?,?,?,?,?)"),
      join_(database, "INSERT INTO join_record VALUES(?,?,?,?,?,?)"),
      join_gate_(database, "INSERT INTO join_gate VALUES(?,?,?,?,?)"),
      symmetry_(database, "INSERT INTO symmetry VALUES(?,?,?,?,?)"),
      time_series_(database, "INSERT INTO time_series VALUES(?,?,?,?,?,?,?,?,?)"),
      end_(database, "INSERT INTO run_end VALUES(?,?,?)") {}

void RunInserter::insert(const RunInfo& info) {
  info_.run(info.kind, info.network, info.data, info.loss, info.optimiser, info.precision,
            info.seed, info.batch, info.classes, info.planned_steps, info.threads,
            info.plumb_version, info.machine, info.started_at);
  int idx = 0;
  for (const auto& [key, value] : info.settings) setting_.run(idx++, key, value);
  idx = 0;
  for (const LayerInfo& layer : info.layers) {
    layer_.run(idx++, layer.path, layer.kind, to_string(layer.family), layer.text, layer.parent,
               layer.depth, layer.units, layer.fan_in, layer.fan_out, layer.max_derivative);
  }
}

void RunInserter::insert(const PackedStep& packed) {
  const StepRecord& step = packed.rest;
  const int validated = (step.validation_loss ? 1 : 0) + (step.validation_accuracy ? 2 : 0);
  step_.run(step.step, step.epoch, step.time_s, step.loss, step.accuracy, step.learning_rate,
            step.grad_norm, step.clip_factor, step.weight_decay_norm, validated,
            step.validation_loss.value_or(kNaN), step.validation_accuracy.value_or(kNaN),
            step.measured);
  for (const auto& [id, site] : packed.new_sites) {
    site_.run(id, site.path, to_string(site.role), site.param);
  }
  std::span<const std::uint8_t> bytes = packed.bytes;
  int idx = 0;
  for (const PackedSketch& sketch : packed.sketches) {
    sketch_.run(step.step, idx++, sketch.site, sketch.count, sketch.nonfinite_count,
                sketch.zero_count, sketch.mean, sketch.m2, sketch.abs_max, sketch.log2_scale,
                bytes.first(sketch.histogram_bytes),
                bytes.subspan(sketch.histogram_bytes, sketch.format_loss_bytes));
    bytes = bytes.subspan(sketch.histogram_bytes + sketch.format_loss_bytes);
  }
  idx = 0;
  for (const ActivationRecord& record : step.activations) {
    activation_.run(step.step, idx++, record.path, record.log2_rms_derivative,
                    record.saturated_fraction, record.active_fraction, record.units,
                    record.dead_units, record.window_samples);
  }
  idx = 0;
  int gates = 0;
  for (const JoinRecord& record : step.joins) {
    if (!std::isnan(record.log2_rms_gate) || !std::isnan(record.carry_mean)) {
      join_gate_.run(step.step, gates++, idx, record.log2_rms_gate, record.carry_mean);
    }
    join_.run(step.step, idx++, record.path, record.log2_rms_branch, record.log2_rms_shortcut,
              record.cosine);
  }
  idx = 0;
  for (const SymmetryRecord& record : step.symmetries) {
    symmetry_.run(step.step, idx++, record.path, record.units, record.duplicate_units);
  }
  idx = 0;
  for (const PackedTimeSeries& series : packed.time_series) {
    const TimeRecord& record = step.times[series.record];
    time_series_.run(step.step, idx++, record.path, record.reverse, record.time_steps, record.units,
                     to_string(series.quantity), to_string(series.statistic),
                     bytes.first(series.series_bytes));
    bytes = bytes.subspan(series.series_bytes);
  }
}

void RunInserter::insert(const RunEnd& end) { end_.run(end.reason, end.steps, end.time_s); }

void replace_findings(Database& database, std::span<const Finding> findings) {
  database.execute("DELETE FROM finding; DELETE FROM evidence; DELETE FROM remedy");
  Statement finding_row(database, "INSERT INTO finding VALUES(?,?,?,?,?,?,?,?,?)");
  Statement evidence_row(database, "INSERT INTO evidence VALUES(?,?,?,?,?,?)");
  Statement remedy_row(database, "INSERT INTO remedy VALUES(?,?,?)");
  int number = 0;
  for (const Finding& finding : findings) {
    finding_row.run(number, finding.rule, to_string(finding.severity), finding.path,
                    finding.first_step, finding.last_step, finding.symptom, finding.cause,
                    finding.consequence);
    int idx = 0;
    for (const Evidence& evidence : finding.evidence) {
      evidence_row.run(number, idx++, evidence.quantity, evidence.value, evidence.threshold,
                       evidence.threshold_source);
    }
    idx = 0;
    for (const std::string& remedy : finding.remedies) remedy_row.run(number, idx++, remedy);
    ++number;
  }
}

}  // namespace plumb::store
