// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/packing.h"

#include <optional>

namespace plumb::store {

namespace {

void append_count(std::uint64_t count, Bytes& bytes) {
  while (count >= 0x80) {
    bytes.push_back(static_cast<std::uint8_t>(count | 0x80));
    count >>= 7;
  }
  bytes.push_back(static_cast<std::uint8_t>(count));
}

// Takes one count off the front; nullopt if the bytes end inside it or it has more than 64 bits.
std::optional<std::uint64_t> take_count(std::span<const std::uint8_t>& bytes) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const std::uint64_t digit = bytes[i] & 0x7fU;
    if (i == 9 && digit > 1) return std::nullopt;
    count |= digit << (7 * i);
    if (bytes[i] < 0x80) {
      bytes = bytes.subspan(i + 1);
      return count;
    }
  }
  return std::nullopt;
}

}  // namespace

void append_histogram(const Sketch& sketch, Bytes& bytes) {
  const Histogram::Range touched = sketch.histogram.touched();
  if (touched.begin == touched.end) return;
  bytes.push_back(static_cast<std::uint8_t>(touched.begin));
  for (std::size_t k = touched.begin; k < touched.end; ++k) {
    append_count(sketch.histogram[k], bytes);
  }
}

bool parse_histogram(std::span<const std::uint8_t> bytes, Sketch& sketch) {
  if (bytes.empty()) return true;
  std::size_t bin = bytes[0];
  bytes = bytes.subspan(1);
  for (; !bytes.empty(); ++bin) {
    const auto count = take_count(bytes);
    if (!count || bin >= sketch.histogram.size()) return false;
    sketch.histogram[bin] = *count;
  }
  return true;
}

void append_format_loss(const Sketch& sketch, Bytes& bytes) {
  if (sketch.format_loss == Sketch{}.format_loss) return;
  for (const FormatLoss& loss : sketch.format_loss) {
    for (const auto count : {loss.flushed, loss.subnormal, loss.overflowed}) {
      append_count(count, bytes);
    }
  }
}

bool parse_format_loss(std::span<const std::uint8_t> bytes, Sketch& sketch) {
  if (bytes.empty()) return true;
  for (FormatLoss& loss : sketch.format_loss) {
    for (auto* target : {&loss.flushed, &loss.subnormal, &loss.overflowed}) {
      const auto count = take_count(bytes);
      if (!count) return false;
      *target = *count;
    }
  }
  return bytes.empty();
}

std::int64_t PackedStep::size_bytes() const {
  return static_cast<std::int64_t>(
      sizeof(PackedStep) + bytes.size() + sketches.size() * sizeof(PackedSketch) +
      rest.activations.size() * sizeof(ActivationRecord) + rest.joins.size() * sizeof(JoinRecord) +
      rest.symmetries.size() * sizeof(SymmetryRecord));
}

PackedStep StepPacker::pack(const StepRecord& step) {
  PackedStep packed;
  packed.rest = {.step = step.step,
                 .epoch = step.epoch,
                 .time_s = step.time_s,
                 .loss = step.loss,
                 .accuracy = step.accuracy,
                 .learning_rate = step.learning_rate,
                 .grad_norm = step.grad_norm,
                 .clip_factor = step.clip_factor,
                 .weight_decay_norm = step.weight_decay_norm,
                 .validation_loss = step.validation_loss,
                 .validation_accuracy = step.validation_accuracy,
                 .measured = step.measured,
                 .sketches = {},
                 .activations = step.activations,
                 .joins = step.joins,
                 .symmetries = step.symmetries};
  packed.sketches.reserve(step.sketches.size());
  if (!step.sketches.empty()) packed.bytes.reserve(last_bytes_ + last_bytes_ / 8);
  for (std::size_t i = 0; i < step.sketches.size(); ++i) {
    const Sketch& sketch = step.sketches[i].sketch;
    const std::size_t begin = packed.bytes.size();
    append_histogram(sketch, packed.bytes);
    const std::size_t middle = packed.bytes.size();
    append_format_loss(sketch, packed.bytes);
    packed.sketches.push_back(
        {.site = site_id(step.sketches[i].site, i, packed),
         .count = sketch.count,
         .nonfinite_count = sketch.nonfinite_count,
         .zero_count = sketch.zero_count,
         .mean = sketch.mean,
         .m2 = sketch.m2,
         .abs_max = sketch.abs_max,
         .log2_scale = sketch.log2_scale,
         .histogram_bytes = static_cast<std::uint32_t>(middle - begin),
         .format_loss_bytes = static_cast<std::uint32_t>(packed.bytes.size() - middle)});
  }
  if (!step.sketches.empty()) last_bytes_ = packed.bytes.size();
  return packed;
}

std::int64_t StepPacker::site_id(const Site& site, std::size_t position, PackedStep& packed) {
  if (position < last_.size() && last_[position].first == site) return last_[position].second;
  // A zero byte parts the fields: the three together are unique even if a path holds a slash.
  const std::string key = site.path + '\0' + std::string(to_string(site.role)) + '\0' + site.param;
  const auto [entry, is_new] = ids_.try_emplace(key, static_cast<std::int64_t>(ids_.size()));
  if (is_new) packed.new_sites.emplace_back(entry->second, site);
  if (position >= last_.size()) last_.resize(position + 1);
  last_[position] = {site, entry->second};
  return entry->second;
}

}  // namespace plumb::store
