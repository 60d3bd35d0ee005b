// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/legacy_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/store/info_rows.h"
#include "plumb/store/legacy_graph.h"
#include "plumb/store/rows.h"
#include "plumb/store/schema.h"
#include "plumb/store/series_bytes.h"

namespace plumb::store {

namespace {

std::vector<LegacyLayer> read_layers(const Database& database) {
  std::vector<LegacyLayer> layers;
  read_list(database,
            "SELECT idx, path, kind, family, text, parent, depth, units, fan_in, fan_out, "
            "max_derivative FROM layer ORDER BY idx",
            [&](const Statement& row) {
              layers.push_back({.path = row.text(1),
                                .kind = row.text(2),
                                .family = enumerator(row, 3, parse_layer_family),
                                .text = row.text(4),
                                .parent = row.text(5),
                                .depth = row.small_integer(6),
                                .units = row.integer(7),
                                .fan_in = row.integer(8),
                                .fan_out = row.integer(9),
                                .max_derivative = row.real(10)});
            });
  return layers;
}

std::vector<LegacySite> read_sites(const Database& database) {
  std::vector<LegacySite> sites;
  read_list(database, "SELECT id, path, role, param FROM site ORDER BY id",
            [&](const Statement& row) {
              sites.push_back({row.text(1), enumerator(row, 2, parse_role), row.text(3)});
            });
  return sites;
}

std::vector<StepRecord> read_metrics(const Database& database) {
  std::vector<StepRecord> steps;
  Statement row(
      database,
      "SELECT step, epoch, time_s, loss, accuracy, learning_rate, grad_norm, clip_factor, "
      "weight_decay_norm, validated, validation_loss, validation_accuracy, measured "
      "FROM step ORDER BY step");
  while (row.next()) {
    const std::int64_t validated = row.integer(9);
    if (validated < 0 || validated > 3) row.damaged("column validated is not within 0..3");
    StepRecord& step = steps.emplace_back();
    step.step = row.integer(0);
    step.epoch = row.integer(1);
    step.time_s = row.real(2);
    step.loss = row.real(3);
    step.accuracy = row.real(4);
    step.learning_rate = row.real(5);
    step.grad_norm = row.real(6);
    step.clip_factor = row.real(7);
    step.weight_decay_norm = row.real(8);
    if ((validated & 1) != 0) step.validation_loss = row.real(10);
    if ((validated & 2) != 0) step.validation_accuracy = row.real(11);
    step.measured = row.flag(12);
    if (steps.size() > 1 && steps[steps.size() - 2].step >= step.step) {
      row.damaged("steps are not ascending");
    }
  }
  return steps;
}

/// Reads rows (step, idx, ...) beside the steps they belong to, both ascending.
template <class Steps, class Read>
void read_rows(const Database& database, const char* sql, Steps& steps, const Read& read) {
  Statement row(database, sql);
  auto step = steps.begin();
  Order order;
  while (row.next()) {
    const std::int64_t number = row.integer(0);
    while (step != steps.end() && step->step < number) ++step;
    if (step == steps.end() || step->step != number || !order.accepts(number, row.integer(1))) {
      row.damaged(fmt::format("a record of step {} is out of order", number));
    }
    read(row, *step);
  }
}

/// The old form of a histogram: the first bin in a byte of its own, then the counts.
bool parse_histogram(std::span<const std::uint8_t> bytes, Histogram& histogram) {
  if (bytes.empty()) return true;
  const std::size_t first = bytes[0];
  bytes = bytes.subspan(1);
  const auto ends = [](std::uint8_t byte) { return byte < 0x80; };
  const auto bins = static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), ends));
  return take_bins(bytes, first, bins, histogram) && bytes.empty();
}

class LegacyReader {
 public:
  explicit LegacyReader(const Database& database) : database_(database) {}

  Run read() {
    read_run(database_, run_.info);
    sites_ = read_sites(database_);
    graph_.emplace(read_layers(database_), sites_, run_.info);
    run_.steps = read_metrics(database_);
    read_sketches();
    read_activations();
    read_symmetries();
    read_joins();
    if (schema_version(database_) >= 2) read_time_series();
    fill_sizes();
    run_.end = read_end(database_);
    return std::move(run_);
  }

 private:
  void read_sketches();
  void read_activations();
  void read_symmetries();
  void read_joins();
  void read_time_series();
  void fill_sizes();

  LayerId layer(const Statement& row, int column) const {
    const std::string path = row.text(column);
    const auto id = graph_->layer(path);
    if (!id) row.damaged("a record of the unknown layer \"" + path + "\"");
    return *id;
  }

  const Database& database_;
  Run run_;
  std::vector<LegacySite> sites_;
  std::optional<LegacyGraph> graph_;
};

void LegacyReader::read_sketches() {
  std::vector<std::optional<Site>> sites;
  for (const LegacySite& site : sites_) sites.push_back(graph_->site(site));
  std::size_t usual_count = 0;
  read_rows(database_,
            "SELECT step, idx, site, count, nonfinite_count, zero_count, mean, m2, abs_max, "
            "log2_scale, histogram, format_loss FROM sketch ORDER BY step, idx",
            run_.steps, [&](const Statement& row, StepRecord& step) {
              const std::uint64_t site = row.count(2);
              if (site >= sites.size() || !sites[site]) row.damaged("a sketch of an unknown site");
              if (step.sketches.empty()) step.sketches.reserve(usual_count);
              Sketch& sketch = step.sketches.emplace_back(SketchRecord{*sites[site], {}}).sketch;
              sketch.count = row.count(3);
              sketch.nonfinite_count = row.count(4);
              sketch.zero_count = row.count(5);
              sketch.mean = row.real(6);
              sketch.m2 = row.real(7);
              sketch.abs_max = row.real(8);
              sketch.log2_scale = row.small_integer(9);
              if (!parse_histogram(row.blob(10), sketch.histogram)) {
                row.damaged("a histogram is malformed");
              }
              std::span<const std::uint8_t> losses = row.blob(11);
              const bool lossless = losses.empty();
              if (!lossless && (!take_format_loss(losses, sketch) || !losses.empty())) {
                row.damaged("a format loss is malformed");
              }
              usual_count = std::max(usual_count, step.sketches.size());
            });
}

void LegacyReader::read_activations() {
  read_rows(database_,
            "SELECT step, idx, path, log2_rms_derivative, saturated_fraction, active_fraction, "
            "units, dead_units, window_samples FROM activation ORDER BY step, idx",
            run_.steps, [&](const Statement& row, StepRecord& step) {
              step.activations.push_back({.layer = layer(row, 2),
                                          .log2_rms_derivative = row.real(3),
                                          .saturated_fraction = row.real(4),
                                          .active_fraction = row.real(5),
                                          .units = row.integer(6),
                                          .dead_units = row.integer(7),
                                          .window_samples = row.count(8)});
            });
}

void LegacyReader::read_symmetries() {
  read_rows(database_,
            "SELECT step, idx, path, units, duplicate_units FROM symmetry ORDER BY step, idx",
            run_.steps, [&](const Statement& row, StepRecord& step) {
              const auto param = graph_->weight(row.text(2));
              if (!param) row.damaged("a symmetry of an unknown weight");
              step.symmetries.push_back({*param, row.integer(3), row.integer(4)});
            });
}

void LegacyReader::read_joins() {
  struct Joins {
    std::int64_t step = 0;
    std::vector<LegacyJoin> list;
  };
  std::vector<Joins> steps;
  for (const StepRecord& step : run_.steps) steps.push_back({step.step, {}});
  read_rows(database_,
            "SELECT step, idx, path, log2_rms_branch, log2_rms_shortcut, cosine FROM join_record "
            "ORDER BY step, idx",
            steps, [&](const Statement& row, Joins& joins) {
              layer(row, 2);
              joins.list.push_back({row.text(2), row.real(3), row.real(4), row.real(5), {}});
            });
  if (schema_version(database_) >= 2) {
    auto step = run_.steps.begin();
    read_rows(database_,
              "SELECT step, idx, joined, log2_rms_gate, carry_mean FROM join_gate "
              "ORDER BY step, idx",
              steps, [&](const Statement& row, Joins& joins) {
                const std::uint64_t joined = row.count(2);
                if (joined >= joins.list.size()) row.damaged("a gate of an unknown join");
                joins.list[joined].log2_rms_gate = row.real(3);
                while (step->step < joins.step) ++step;
                const LayerId sum = *graph_->layer(joins.list[joined].path);
                step->inner.push_back(
                    {sum, 0, kCarriedMean, Axis::unit, {static_cast<float>(row.real(4))}});
              });
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].list.empty()) {
      run_.steps[i].joins = graph_->joins(steps[i].list, run_.steps[i]);
    }
  }
}

// A series belongs to the record of the row before if it is of the same layer and direction.
void LegacyReader::read_time_series() {
  read_rows(database_,
            "SELECT step, idx, path, reverse, time_steps, units, quantity, statistic, series "
            "FROM time_series ORDER BY step, idx",
            run_.steps, [&](const Statement& row, StepRecord& step) {
              const LayerId id = layer(row, 2);
              const bool reverse = row.flag(3);
              const std::int64_t time_steps = row.integer(4);
              auto blob = row.blob(8);
              // Every value takes a byte at least: a damaged number asks for no more than there is.
              if (time_steps < 0 || static_cast<std::uint64_t>(time_steps) > blob.size()) {
                row.damaged("a time series is shorter than its time steps");
              }
              if (step.times.empty() || step.times.back().layer != id ||
                  step.times.back().reverse != reverse) {
                step.times.push_back({id, reverse, time_steps, row.integer(5), {}});
              }
              TimeSeries series;
              series.quantity = enumerator(row, 6, parse_time_quantity);
              series.statistic = enumerator(row, 7, parse_time_statistic);
              series.values.resize(static_cast<std::size_t>(time_steps));
              if (!take_time_series(blob, series) || !blob.empty()) {
                row.damaged("a time series is malformed");
              }
              step.times.back().series.push_back(std::move(series));
            });
}

/// What the first measured step tells of the sizes of the input and of the parameters.
void LegacyReader::fill_sizes() {
  const auto measured = run_.measured();
  if (measured.empty()) return;
  for (const SketchRecord& record : measured.front()->sketches) {
    const auto count = static_cast<std::int64_t>(record.sketch.count);
    if (record.site.role == Role::weight) {
      run_.info.params[static_cast<std::size_t>(record.site.id)].count = count;
    } else if (record.site == Site::layer(0, Role::a) && run_.info.batch > 0) {
      run_.info.layers[0].units = count / run_.info.batch;
    }
  }
}

}  // namespace

Run read_legacy_run(const Database& database) { return LegacyReader(database).read(); }

}  // namespace plumb::store
