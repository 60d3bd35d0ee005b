// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/store/packing.h"
#include "plumb/store/run_file.h"
#include "plumb/store/schema.h"

namespace plumb {

namespace {

using store::Statement;

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();

// The enumerator whose to_string() is the column's text.
template <class Enum>
Enum enumerator(const Statement& row, int column, int count) {
  const std::string text = row.text(column);
  for (int i = 0; i < count; ++i) {
    if (to_string(static_cast<Enum>(i)) == std::string_view(text)) return static_cast<Enum>(i);
  }
  row.damaged(fmt::format("unknown name \"{}\"", text));
}

// The order that rows of a group, or of a whole table, must come in: a damaged index can show a row
// twice, even for ever.
class Order {
 public:
  bool accepts(std::int64_t group, std::int64_t position) {
    if (group < group_) return false;
    if (group > group_) next_ = 0;
    group_ = group;
    return position == next_++;
  }

 private:
  std::int64_t group_ = kBeforeAll;
  std::int64_t next_ = 0;
};

// Reads rows (idx, ...) with idx 0, 1, 2 ...
template <class Read>
void read_list(const store::Database& database, const char* sql, const Read& read) {
  Statement row(database, sql);
  Order order;
  while (row.next()) {
    if (!order.accepts(0, row.integer(0))) row.damaged("rows are out of order");
    read(row);
  }
}

RunInfo read_info(const store::Database& database) {
  Statement row(database,
                "SELECT kind, network, data, loss, optimiser, precision, seed, batch, classes, "
                "planned_steps, threads, plumb_version, machine, started_at FROM info");
  if (!row.next()) throw StoreError(database.path() + ": holds no run yet, nothing was recorded");
  RunInfo info{.kind = row.text(0),
               .network = row.text(1),
               .data = row.text(2),
               .loss = row.text(3),
               .optimiser = row.text(4),
               .precision = row.text(5),
               .seed = row.count(6),
               .batch = row.integer(7),
               .classes = row.integer(8),
               .planned_steps = row.integer(9),
               .threads = row.small_integer(10),
               .plumb_version = row.text(11),
               .machine = row.text(12),
               .started_at = row.text(13),
               .settings = {},
               .layers = {}};
  read_list(database, "SELECT idx, key, value FROM setting ORDER BY idx",
            [&](const Statement& setting) {
              info.settings.emplace_back(setting.text(1), setting.text(2));
            });
  read_list(database,
            "SELECT idx, path, kind, family, text, parent, depth, units, fan_in, fan_out, "
            "max_derivative FROM layer ORDER BY idx",
            [&](const Statement& layer) {
              info.layers.push_back({.path = layer.text(1),
                                     .kind = layer.text(2),
                                     .family = enumerator<LayerFamily>(layer, 3, 9),
                                     .text = layer.text(4),
                                     .parent = layer.text(5),
                                     .depth = layer.small_integer(6),
                                     .units = layer.integer(7),
                                     .fan_in = layer.integer(8),
                                     .fan_out = layer.integer(9),
                                     .max_derivative = layer.real(10)});
            });
  return info;
}

std::vector<Site> read_sites(const store::Database& database) {
  std::vector<Site> sites;
  read_list(database, "SELECT id, path, role, param FROM site ORDER BY id",
            [&](const Statement& row) {
              sites.push_back({row.text(1), enumerator<Role>(row, 2, 7), row.text(3)});
            });
  return sites;
}

std::vector<StepRecord> read_metrics(const store::Database& database, std::int64_t first) {
  std::vector<StepRecord> steps;
  Statement row(
      database,
      "SELECT step, epoch, time_s, loss, accuracy, learning_rate, grad_norm, clip_factor, "
      "weight_decay_norm, validated, validation_loss, validation_accuracy, measured "
      "FROM step WHERE step >= ? ORDER BY step");
  row.bind_all(first);
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

// Reads rows (step, idx, ...) beside the steps they belong to, both ascending.
template <class Read>
void read_rows(const store::Database& database, const char* sql, std::int64_t first,
               std::vector<StepRecord>& steps, const Read& read) {
  Statement row(database, sql);
  row.bind_all(first);
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

void read_sketches(const store::Database& database, std::int64_t first,
                   std::vector<StepRecord>& steps) {
  const auto sites = read_sites(database);
  std::size_t usual_count = 0;
  const auto read = [&](const Statement& row, StepRecord& step) {
    const std::uint64_t site = row.count(2);
    if (site >= sites.size()) row.damaged("a sketch of an unknown site");
    if (step.sketches.empty()) step.sketches.reserve(usual_count);
    SketchRecord& record = step.sketches.emplace_back(SketchRecord{sites[site], {}});
    Sketch& sketch = record.sketch;
    sketch.count = row.count(3);
    sketch.nonfinite_count = row.count(4);
    sketch.zero_count = row.count(5);
    sketch.mean = row.real(6);
    sketch.m2 = row.real(7);
    sketch.abs_max = row.real(8);
    sketch.log2_scale = row.small_integer(9);
    if (!store::parse_histogram(row.blob(10), sketch)) row.damaged("a histogram is malformed");
    if (!store::parse_format_loss(row.blob(11), sketch)) row.damaged("a format loss is malformed");
    usual_count = std::max(usual_count, step.sketches.size());
  };
  read_rows(database,
            "SELECT step, idx, site, count, nonfinite_count, zero_count, mean, m2, abs_max, "
            "log2_scale, histogram, format_loss FROM sketch WHERE step >= ? ORDER BY step, idx",
            first, steps, read);
}

// A series belongs to the record of the row before if it is of the same layer and direction.
void read_time_series(const store::Database& database, std::int64_t first,
                      std::vector<StepRecord>& steps) {
  const auto read = [](const Statement& row, StepRecord& step) {
    const std::string path = row.text(2);
    const bool reverse = row.flag(3);
    const std::int64_t time_steps = row.integer(4);
    const auto blob = row.blob(8);
    // Every value takes a byte at least: a damaged number asks for no more memory than the file
    // has.
    if (time_steps < 0 || static_cast<std::uint64_t>(time_steps) > blob.size()) {
      row.damaged("a time series is shorter than its time steps");
    }
    if (step.times.empty() || step.times.back().path != path ||
        step.times.back().reverse != reverse) {
      step.times.push_back({path, reverse, time_steps, row.integer(5), {}});
    }
    TimeSeries series;
    const auto quantity = parse_time_quantity(row.text(6));
    const auto statistic = parse_time_statistic(row.text(7));
    if (!quantity || !statistic) row.damaged("a time series of an unknown quantity");
    series.quantity = *quantity;
    series.statistic = *statistic;
    series.values.resize(static_cast<std::size_t>(time_steps));
    if (!store::parse_time_series(blob, series)) row.damaged("a time series is malformed");
    step.times.back().series.push_back(std::move(series));
  };
  read_rows(database,
            "SELECT step, idx, path, reverse, time_steps, units, quantity, statistic, series "
            "FROM time_series WHERE step >= ? ORDER BY step, idx",
            first, steps, read);
}

std::vector<StepRecord> read_steps(const store::Database& database, std::int64_t first) {
  std::vector<StepRecord> steps = read_metrics(database, first);
  read_sketches(database, first, steps);
  read_rows(
      database,
      "SELECT step, idx, path, log2_rms_derivative, saturated_fraction, active_fraction, units, "
      "dead_units, window_samples FROM activation WHERE step >= ? ORDER BY step, idx",
      first, steps, [](const Statement& row, StepRecord& step) {
        step.activations.push_back({.path = row.text(2),
                                    .log2_rms_derivative = row.real(3),
                                    .saturated_fraction = row.real(4),
                                    .active_fraction = row.real(5),
                                    .units = row.integer(6),
                                    .dead_units = row.integer(7),
                                    .window_samples = row.count(8)});
      });
  read_rows(database,
            "SELECT step, idx, path, log2_rms_branch, log2_rms_shortcut, cosine FROM join_record "
            "WHERE step >= ? ORDER BY step, idx",
            first, steps, [](const Statement& row, StepRecord& step) {
              step.joins.push_back({.path = row.text(2),
                                    .log2_rms_branch = row.real(3),
                                    .log2_rms_shortcut = row.real(4),
                                    .cosine = row.real(5)});
            });
  read_rows(database,
            "SELECT step, idx, path, units, duplicate_units FROM symmetry WHERE step >= ? "
            "ORDER BY step, idx",
            first, steps, [](const Statement& row, StepRecord& step) {
              step.symmetries.push_back({row.text(2), row.integer(3), row.integer(4)});
            });
  if (!store::has_tables_of_version_2(database)) return steps;
  read_time_series(database, first, steps);
  read_rows(database,
            "SELECT step, idx, joined, log2_rms_gate, carry_mean FROM join_gate WHERE step >= ? "
            "ORDER BY step, idx",
            first, steps, [](const Statement& row, StepRecord& step) {
              const std::uint64_t joined = row.count(2);
              if (joined >= step.joins.size()) row.damaged("a gate of an unknown join");
              step.joins[joined].log2_rms_gate = row.real(3);
              step.joins[joined].carry_mean = row.real(4);
            });
  return steps;
}

// Reads rows (finding, idx, ...) of the parts of findings.
template <class Read>
void read_parts(const store::Database& database, const char* sql, std::vector<Finding>& findings,
                const Read& read) {
  Statement row(database, sql);
  Order order;
  while (row.next()) {
    const std::uint64_t number = row.count(0);
    if (number >= findings.size() || !order.accepts(row.integer(0), row.integer(1))) {
      row.damaged("a part of a finding is out of order");
    }
    read(row, findings[number]);
  }
}

std::vector<Finding> read_findings(const store::Database& database) {
  std::vector<Finding> findings;
  read_list(database,
            "SELECT idx, rule, severity, path, first_step, last_step, symptom, cause, consequence "
            "FROM finding ORDER BY idx",
            [&](const Statement& row) {
              findings.push_back({.rule = row.text(1),
                                  .severity = enumerator<Severity>(row, 2, 3),
                                  .path = row.text(3),
                                  .first_step = row.integer(4),
                                  .last_step = row.integer(5),
                                  .symptom = row.text(6),
                                  .evidence = {},
                                  .cause = row.text(7),
                                  .consequence = row.text(8),
                                  .remedies = {}});
            });
  read_parts(database,
             "SELECT finding, idx, quantity, value, threshold, threshold_source FROM evidence "
             "ORDER BY finding, idx",
             findings, [](const Statement& row, Finding& finding) {
               finding.evidence.push_back({row.text(2), row.real(3), row.real(4), row.text(5)});
             });
  read_parts(
      database, "SELECT finding, idx, text FROM remedy ORDER BY finding, idx", findings,
      [](const Statement& row, Finding& finding) { finding.remedies.push_back(row.text(2)); });
  return findings;
}

std::optional<RunEnd> read_end(const store::Database& database) {
  Statement row(database, "SELECT reason, steps, time_s FROM run_end");
  if (!row.next()) return std::nullopt;
  return RunEnd{row.text(0), row.integer(1), row.real(2)};
}

}  // namespace

Run load_run(const std::string& path) {
  store::Database database = store::open_run_file(path, store::Access::read);
  const store::Transaction snapshot(database, store::Access::read);  // all tables as of one commit
  Run run;
  run.info = read_info(database);
  run.steps = read_steps(database, kBeforeAll);
  run.findings = read_findings(database);
  run.end = read_end(database);
  return run;
}

std::vector<StepRecord> load_steps_after(const std::string& path, std::int64_t step) {
  if (step == std::numeric_limits<std::int64_t>::max()) return {};
  store::Database database = store::open_run_file(path, store::Access::read);
  const store::Transaction snapshot(database, store::Access::read);
  return read_steps(database, step + 1);
}

}  // namespace plumb
