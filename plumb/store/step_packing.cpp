// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/step_packing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/core/error.h"

namespace plumb::store {

namespace {

// Beyond so many a run has no order worth remembering: each of its steps brings its own layout.
constexpr std::size_t kMostKnownLayouts = 256;

std::string text_of(RecordKind kind, const Columns& keys) {
  std::string text(1, static_cast<char>(kind));
  for (std::size_t c = 0; c < keys.size(); ++c) {
    text += std::to_string(keys.width(c)) + ':' + std::to_string(keys.count(c)) + ';';
  }
  const auto data = keys.data();
  return text.append(reinterpret_cast<const char*>(data.data()), data.size());
}

template <class Scale>
bool set_scale(Scale& scale, double value) {
  if constexpr (std::is_integral_v<Scale>) {
    if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<Scale>::max()))) return false;
  }
  scale = static_cast<Scale>(value);
  return true;
}

}  // namespace

std::int64_t PackedStep::size_bytes() const {
  std::size_t bytes = sizeof(PackedStep) + histograms.size_bytes();
  for (const Part& part : parts) bytes += part.values.size_bytes();
  for (const Layout& layout : new_layouts) bytes += layout.keys.size_bytes();
  return static_cast<std::int64_t>(bytes);
}

class StepPacker::Names : public NameTable {
 public:
  Names(StepPacker& packer, PackedStep& packed) : packer_(packer), packed_(packed) {}
  std::int32_t number_of(std::string_view name) override {
    const auto next = static_cast<std::int32_t>(packer_.names_.size());
    const auto [entry, is_new] = packer_.names_.try_emplace(std::string(name), next);
    if (is_new) packed_.new_names.emplace_back(next, entry->first);
    return entry->second;
  }

 private:
  StepPacker& packer_;
  PackedStep& packed_;
};

std::int64_t StepPacker::layout_id(RecordKind kind, const Columns& keys, PackedStep& packed) {
  if (layouts_.size() >= kMostKnownLayouts) {
    layouts_.clear();
    oldest_known_ = next_layout_;
  }
  const auto [entry, is_new] = layouts_.try_emplace(text_of(kind, keys), next_layout_);
  if (is_new) packed.new_layouts.push_back({next_layout_++, kind, keys});
  return entry->second;
}

template <class Records>
void StepPacker::pack_part(RecordKind kind, const Records& records, PackedStep& packed) {
  if (records.empty()) return;
  if (records.size() > ColumnSource::kMostRecords) {
    throw StoreError("step " + std::to_string(packed.metrics.step) + " has " +
                     std::to_string(records.size()) + " records of a kind, expected at most " +
                     std::to_string(ColumnSource::kMostRecords));
  }
  PackedStep::Part& part = packed.parts[static_cast<std::size_t>(kind)];
  Columns keys;
  Names names(*this, packed);
  ColumnSink sink(keys, part.values, names);
  walk(sink, records);
  part.layout = layout_id(kind, keys, packed);
}

std::int64_t StepPacker::oldest_layout() const {
  return last_site_layout_ < 0 ? oldest_known_ : std::min(oldest_known_, last_site_layout_);
}

PackedStep StepPacker::pack(const StepRecord& step) {
  PackedStep packed;
  packed.metrics = step.metrics();
  packed.metrics.measured = step.measured;
  packed.oldest_layout = oldest_layout();
  if (!step.measured) return packed;
  if (!step.sketches.empty()) pack_sketches(step.sketches, packed);
  pack_part(RecordKind::activations, step.activations, packed);
  pack_part(RecordKind::joins, step.joins, packed);
  pack_part(RecordKind::symmetries, step.symmetries, packed);
  pack_part(RecordKind::times, step.times, packed);
  pack_part(RecordKind::inner, step.inner, packed);
  pack_part(RecordKind::blocks, step.blocks, packed);
  pack_part(RecordKind::signals, step.signals, packed);
  return packed;
}

void StepPacker::pack_sketches(const std::vector<SketchRecord>& sketches, PackedStep& packed) {
  const std::size_t n = sketches.size();
  if (n > ColumnSource::kMostRecords) {
    throw StoreError("step " + std::to_string(packed.metrics.step) + " has " + std::to_string(n) +
                     " sketches, expected at most " + std::to_string(ColumnSource::kMostRecords));
  }
  PackedStep::Part& part = packed.parts[static_cast<std::size_t>(RecordKind::sketches)];
  Columns& values = part.values;
  Columns& histograms = packed.histograms;
  for (int i = 0; i < 3; ++i) values.add<std::uint64_t>(n);
  for (int i = 0; i < 4; ++i) values.add<double>(n);
  for (int i = 0; i < 3; ++i) histograms.add<std::uint8_t>(n);
  const auto count = values.column<std::uint64_t>(0), nonfinite = values.column<std::uint64_t>(1),
             zero = values.column<std::uint64_t>(2);
  const auto mean = values.column<double>(3), m2 = values.column<double>(4),
             abs_max = values.column<double>(5), log2_scale = values.column<double>(6);
  const auto first = histograms.column<std::uint8_t>(0), bins = histograms.column<std::uint8_t>(1),
             lossy = histograms.column<std::uint8_t>(2);
  Bytes counts, losses;
  bool same_sites = last_sites_.size() == n;
  for (std::size_t i = 0; i < n; ++i) {
    const Sketch& sketch = sketches[i].sketch;
    same_sites = same_sites && sketches[i].site == last_sites_[i];
    count[i] = sketch.count;
    nonfinite[i] = sketch.nonfinite_count;
    zero[i] = sketch.zero_count;
    mean[i] = sketch.mean;
    m2[i] = sketch.m2;
    abs_max[i] = sketch.abs_max;
    log2_scale[i] = static_cast<double>(sketch.log2_scale);
    const Histogram::Range touched = sketch.histogram.touched();
    first[i] = static_cast<std::uint8_t>(touched.begin);
    bins[i] = static_cast<std::uint8_t>(touched.end - touched.begin);
    append_bins(sketch.histogram, touched, counts);
    lossy[i] = has_loss(sketch) ? 1 : 0;
    if (lossy[i] != 0) append_format_loss(sketch, losses);
  }
  histograms.add(std::span<const std::uint8_t>(counts));
  histograms.add(std::span<const std::uint8_t>(losses));
  if (!same_sites) {
    last_sites_.resize(n);
    for (std::size_t i = 0; i < n; ++i) last_sites_[i] = sketches[i].site;
    Columns keys, none;
    Names names(*this, packed);
    ColumnSink sink(keys, none, names);
    walk_sites(sink, last_sites_);
    last_site_layout_ = layout_id(RecordKind::sketches, keys, packed);
  }
  part.layout = last_site_layout_;
}

std::string unpack_sites(const std::vector<std::string>& names, KnownLayout& layout) {
  const Columns none;
  ColumnSource source(layout.keys, none, names);
  walk_sites(source, layout.sites);
  source.finish();
  return source.problem();
}

std::string unpack_sketches(const KnownLayout& layout, const Columns& values,
                            std::vector<SketchRecord>& sketches) {
  const std::size_t n = layout.sites.size();
  for (std::size_t c = 0; c < 7; ++c) {
    if (!values.has(c, 8) || values.count(c) != n) return "lacks a column";
  }
  if (values.size() != 7) return "has columns that nothing reads";
  const auto count = values.column<std::uint64_t>(0), nonfinite = values.column<std::uint64_t>(1),
             zero = values.column<std::uint64_t>(2);
  const auto mean = values.column<double>(3), m2 = values.column<double>(4),
             abs_max = values.column<double>(5), log2_scale = values.column<double>(6);
  sketches.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    sketches[i].site = layout.sites[i];
    Sketch& sketch = sketches[i].sketch;
    sketch.count = count[i];
    sketch.nonfinite_count = nonfinite[i];
    sketch.zero_count = zero[i];
    sketch.mean = mean[i];
    sketch.m2 = m2[i];
    sketch.abs_max = abs_max[i];
    sketch.histogram.assign(0, {});
    sketch.format_loss = {};
    if (!set_scale(sketch.log2_scale, log2_scale[i])) return "has a scale that is out of range";
  }
  return {};
}

std::string unpack_histograms(const Columns& columns, std::vector<SketchRecord>& sketches) {
  for (std::size_t c = 0; c < 5; ++c) {
    if (!columns.has(c, 1) || (c < 3 && columns.count(c) != sketches.size())) {
      return "lacks a column";
    }
  }
  const auto first = columns.column<std::uint8_t>(0), bins = columns.column<std::uint8_t>(1),
             lossy = columns.column<std::uint8_t>(2);
  std::span<const std::uint8_t> counts = columns.column<std::uint8_t>(3);
  std::span<const std::uint8_t> losses = columns.column<std::uint8_t>(4);
  for (std::size_t i = 0; i < sketches.size(); ++i) {
    Sketch& sketch = sketches[i].sketch;
    if (!take_bins(counts, first[i], bins[i], sketch.histogram)) return "has a malformed histogram";
    if (lossy[i] != 0 && !take_format_loss(losses, sketch)) return "has a malformed format loss";
  }
  return counts.empty() && losses.empty() && columns.size() == 5 ? ""
                                                                 : "has columns that nothing reads";
}

std::string unpack_part(const KnownLayout& layout, const Columns& values,
                        const std::vector<std::string>& names, StepRecord& step) {
  ColumnSource source(layout.keys, values, names);
  switch (layout.kind) {
    case RecordKind::sketches: return unpack_sketches(layout, values, step.sketches);
    case RecordKind::activations: walk(source, step.activations); break;
    case RecordKind::joins: walk(source, step.joins); break;
    case RecordKind::symmetries: walk(source, step.symmetries); break;
    case RecordKind::times: walk(source, step.times); break;
    case RecordKind::inner: walk(source, step.inner); break;
    case RecordKind::blocks: walk(source, step.blocks); break;
    case RecordKind::signals: walk(source, step.signals); break;
  }
  source.finish();
  return source.problem();
}

}  // namespace plumb::store
