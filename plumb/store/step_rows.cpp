// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/step_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "plumb/core/names.h"
#include "plumb/record/step_metrics.h"
#include "plumb/store/info_rows.h"
#include "plumb/store/schema.h"

namespace plumb::store {

namespace {

constexpr std::string_view kKinds[] = {"sketches", "activations", "joins",  "symmetries",
                                       "times",    "inner",       "blocks", "signals"};
static_assert(std::size(kKinds) == kRecordKinds);

// Our choice: a run that changes its layout at every step forgets those of long ago.
constexpr std::size_t kMostLayoutsKept = 1024;

/// The columns that files of older schemas do not have.
constexpr std::pair<std::string_view, std::int64_t> kAddedBySchema[] = {{"inference_loss", 4},
                                                                        {"inference_accuracy", 4}};

bool has_column(std::string_view name, std::int64_t version) {
  const auto* const added =
      std::ranges::find(kAddedBySchema, name, &std::pair<std::string_view, std::int64_t>::first);
  return added == std::end(kAddedBySchema) || version >= added->second;
}

/// text(name) of each metric, in the order of the table.
template <class Text>
std::string list_of_metrics(const Text& text) {
  const std::vector<std::string_view> texts = std::apply(
      [&](const auto&... metric) { return std::vector<std::string_view>{text(metric.name)...}; },
      kStepMetrics);
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Columns that the file does not have yet read as NULL.
std::string metrics_sql(std::int64_t version) {
  return fmt::format("SELECT {}, measured, thinned FROM step WHERE step >= ? ORDER BY step LIMIT ?",
                     list_of_metrics([&](std::string_view name) {
                       return has_column(name, version) ? name : "NULL";
                     }));
}

std::string insert_step_sql() {
  return fmt::format("INSERT INTO step({}, measured, thinned) VALUES({}, ?, ?)",
                     list_of_metrics([](std::string_view name) { return name; }),
                     list_of_metrics([](std::string_view) { return std::string_view("?"); }));
}

void read(const Statement& row, int column, std::int64_t& to) { to = row.integer(column); }
void read(const Statement& row, int column, double& to) { to = row.real(column); }
void read(const Statement& row, int column, bool& to) { to = row.flag(column); }
void read(const Statement& row, int column, std::optional<double>& to) {
  to = row.optional_real(column);
}

std::string measurement_sql(std::int64_t version) {
  return fmt::format(
      "SELECT sketch_layout, sketches, activation_layout, activations, join_layout, joins, "
      "symmetry_layout, symmetries, time_layout, times, inner_layout, inner, block_layout, blocks, "
      "{} FROM measurement WHERE step = ?",
      version < 4 ? "NULL, NULL" : "signal_layout, signals");
}

// As two parameters of a row: what is not there is NULL.
std::optional<std::int64_t> layout_of(const PackedStep::Part& part) {
  if (part.layout < 0) return std::nullopt;
  return part.layout;
}

void clear_records(StepRecord& step, RecordKind kind) {
  switch (kind) {
    case RecordKind::sketches: return step.sketches.clear();
    case RecordKind::activations: return step.activations.clear();
    case RecordKind::joins: return step.joins.clear();
    case RecordKind::symmetries: return step.symmetries.clear();
    case RecordKind::times: return step.times.clear();
    case RecordKind::inner: return step.inner.clear();
    case RecordKind::blocks: return step.blocks.clear();
    case RecordKind::signals: return step.signals.clear();
  }
}

}  // namespace

const char* to_string(RecordKind kind) { return kKinds[static_cast<std::size_t>(kind)].data(); }

StepInserter::StepInserter(const Database& database)
    : name_(database, "INSERT INTO name VALUES(?,?)"),
      layout_(database, "INSERT INTO layout VALUES(?,?,?)"),
      step_(database, insert_step_sql().c_str()),
      measurement_(database, "INSERT INTO measurement VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      histogram_(database, "INSERT INTO histogram VALUES(?,?)") {}

void StepInserter::insert(const PackedStep& packed, bool with_records) {
  const StepRecord& step = packed.metrics;
  for (const auto& [id, text] : packed.new_names) name_.run(id, text);
  for (const Layout& layout : packed.new_layouts) {
    layout_.run(layout.id, to_string(layout.kind),
                packer_.pack(layout.keys, ColumnPacker::Try::all));
  }
  const bool thinned = step.measured && !with_records;
  std::apply(
      [&](const auto&... metric) { step_.run(step.*metric.value..., step.measured, thinned); },
      kStepMetrics);
  if (!step.measured || thinned) return;
  std::array<std::optional<Bytes>, kRecordKinds> blobs;
  for (std::size_t k = 0; k < kRecordKinds; ++k) {
    if (packed.parts[k].layout < 0) continue;
    const auto bytes = packer_.pack(packed.parts[k].values);
    blobs[k].emplace(bytes.begin(), bytes.end());
  }
  const auto& parts = packed.parts;
  measurement_.run(step.step, layout_of(parts[0]), blobs[0], layout_of(parts[1]), blobs[1],
                   layout_of(parts[2]), blobs[2], layout_of(parts[3]), blobs[3],
                   layout_of(parts[4]), blobs[4], layout_of(parts[5]), blobs[5],
                   layout_of(parts[6]), blobs[6], layout_of(parts[7]), blobs[7]);
  if (packed.histograms.size() != 0) histogram_.run(step.step, packer_.pack(packed.histograms));
}

StepSelector::StepSelector(const Database& database)
    : database_(&database),
      metrics_(database, metrics_sql(schema_version(database)).c_str()),
      measurement_(database, measurement_sql(schema_version(database)).c_str()),
      histogram_(database, "SELECT histograms FROM histogram WHERE step = ?"),
      measured_(database, "SELECT step FROM measurement ORDER BY step"),
      layout_(database, "SELECT kind, keys FROM layout WHERE id = ?"),
      names_from_(database, "SELECT id, text FROM name WHERE id >= ? ORDER BY id") {}

void StepSelector::metrics(std::int64_t first, std::size_t most, std::vector<StepRecord>& steps) {
  std::optional<std::int64_t> last;
  Statement& row = metrics_;
  row.bind_all(first, static_cast<std::int64_t>(most));
  while (row.next()) {
    StepRecord& step = steps.emplace_back();
    int column = 0;
    std::apply([&](const auto&... metric) { (read(row, column++, step.*metric.value), ...); },
               kStepMetrics);
    const bool is_measured = row.flag(column), is_thinned = row.flag(column + 1);
    step.measured = is_measured && !is_thinned;
    if (step.step < first || (last && *last >= step.step)) row.damaged("steps are not ascending");
    last = step.step;
  }
  row.reset();
}

bool StepSelector::records(StepRecord& step, bool histograms) {
  Statement& row = measurement_;
  row.bind_all(step.step);
  if (!row.next()) {
    row.reset();
    return false;
  }
  for (std::size_t k = 0; k < kRecordKinds; ++k) {
    const auto kind = static_cast<RecordKind>(k);
    const int column = static_cast<int>(2 * k);
    if (row.is_null(column)) {
      clear_records(step, kind);
      continue;
    }
    const KnownLayout& known = layout(row.integer(column), kind);
    if (!unpacker_.unpack(row.blob(column + 1), columns_)) {
      row.damaged(fmt::format("{} of step {} are malformed", to_string(kind), step.step));
    }
    const std::string problem = unpack_part(known, columns_, names_, step);
    if (!problem.empty()) {
      row.damaged(fmt::format("{} of step {} {}", to_string(kind), step.step, problem));
    }
  }
  row.reset();
  if (!histograms || step.sketches.empty()) return true;
  histogram_.bind_all(step.step);
  if (!histogram_.next()) {
    histogram_.reset();
    return false;
  }
  std::string problem = "are malformed";
  if (unpacker_.unpack(histogram_.blob(0), columns_)) {
    problem = unpack_histograms(columns_, step.sketches);
  }
  if (!problem.empty()) {
    histogram_.damaged(fmt::format("histograms of step {} {}", step.step, problem));
  }
  histogram_.reset();
  return true;
}

std::vector<std::int64_t> StepSelector::measured_steps() {
  std::vector<std::int64_t> steps;
  while (measured_.next()) {
    const std::int64_t step = measured_.integer(0);
    if (!steps.empty() && steps.back() >= step) measured_.damaged("steps are not ascending");
    steps.push_back(step);
  }
  measured_.reset();
  return steps;
}

void StepSelector::read_names() {
  names_from_.bind_all(static_cast<std::int64_t>(names_.size()));
  while (names_from_.next()) {
    if (names_from_.count(0) != names_.size()) names_from_.damaged("names are out of order");
    names_.push_back(names_from_.text(1));
  }
  names_from_.reset();
}

const KnownLayout& StepSelector::layout(std::int64_t id, RecordKind kind) {
  if (const auto known = layouts_.find(id); known != layouts_.end()) {
    if (known->second.kind != kind) layout_.damaged("a layout is of another kind");
    return known->second;
  }
  read_names();
  layout_.bind_all(id);
  if (!layout_.next()) layout_.damaged(fmt::format("layout {} is missing", id));
  const std::string text = layout_.text(0);
  const auto stored = value_named<RecordKind>(text, kKinds);
  if (stored != kind) layout_.damaged(fmt::format("layout {} is of \"{}\"", id, text));
  if (layouts_.size() >= kMostLayoutsKept) layouts_.clear();
  KnownLayout known;
  known.kind = kind;
  std::string problem = "is malformed";
  if (unpacker_.unpack(layout_.blob(1), known.keys)) {
    problem = kind == RecordKind::sketches ? unpack_sites(names_, known) : "";
    size_ = read_graph_size(*database_);
    if (problem.empty()) problem = check_layout(kind, known.keys, size_, known.sites);
  }
  if (!problem.empty()) layout_.damaged(fmt::format("layout {} {}", id, problem));
  layout_.reset();
  return layouts_.emplace(id, std::move(known)).first->second;
}

}  // namespace plumb::store
