// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/packing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace plumb::store {

namespace {

constexpr std::size_t kMostBytes = 10;  // of a count

/// Room at the end of `bytes` for so many counts, to be given back by end_at(); appending byte by
/// byte would take as long as a sketch itself.
std::uint8_t* room_for(std::size_t counts, Bytes& bytes) {
  const std::size_t end = bytes.size();
  bytes.resize(end + counts * kMostBytes);
  return bytes.data() + end;
}

void end_at(const std::uint8_t* end, Bytes& bytes) {
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
}

std::uint8_t* put_count(std::uint64_t count, std::uint8_t* to) {
  while (count >= 0x80) {
    *to++ = static_cast<std::uint8_t>(count | 0x80);
    count >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(count);
  return to;
}

void append_count(std::uint64_t count, Bytes& bytes) {
  end_at(put_count(count, room_for(1, bytes)), bytes);
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

constexpr std::uint64_t kNaNSymbol = 0;
constexpr std::uint64_t kMinusInfinitySymbol = 1;
constexpr std::uint64_t kInfinitySymbol = 2;
constexpr std::uint64_t kFirstDifference = 3;
// Our choice: any float of a log2 or a fraction is far below it, and differences of two fit.
constexpr double kLargestTimeValue = 0x1p60;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t code) {
  return static_cast<std::int64_t>(code >> 1) ^ -static_cast<std::int64_t>(code & 1);
}

}  // namespace

void append_histogram(const Sketch& sketch, Bytes& bytes) {
  const Histogram::Range touched = sketch.histogram.touched();
  if (touched.begin == touched.end) return;
  std::uint8_t* to = room_for(1 + touched.end - touched.begin, bytes);
  *to++ = static_cast<std::uint8_t>(touched.begin);
  for (std::size_t k = touched.begin; k < touched.end; ++k) {
    to = put_count(sketch.histogram[k], to);
  }
  end_at(to, bytes);
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
  if (sketch.format_loss == decltype(sketch.format_loss){}) return;
  std::uint8_t* to = room_for(3 * sketch.format_loss.size(), bytes);
  for (const FormatLoss& loss : sketch.format_loss) {
    for (const auto count : {loss.flushed, loss.subnormal, loss.overflowed}) {
      to = put_count(count, to);
    }
  }
  end_at(to, bytes);
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

void append_time_series(const TimeSeries& series, std::int64_t time_steps, Bytes& bytes) {
  const int resolution = time_resolution_log2(series.statistic);
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, time_steps));
  std::int64_t last = 0;
  for (std::size_t t = 0; t < count; ++t) {
    const float value =
        t < series.values.size() ? series.values[t] : std::numeric_limits<float>::quiet_NaN();
    if (std::isnan(value)) {
      append_count(kNaNSymbol, bytes);
    } else if (std::isinf(value)) {
      append_count(value < 0 ? kMinusInfinitySymbol : kInfinitySymbol, bytes);
    } else {
      const double whole = std::nearbyint(std::ldexp(static_cast<double>(value), -resolution));
      const auto number =
          static_cast<std::int64_t>(std::clamp(whole, -kLargestTimeValue, kLargestTimeValue));
      append_count(kFirstDifference + zigzag(number - last), bytes);
      last = number;
    }
  }
}

bool parse_time_series(std::span<const std::uint8_t> bytes, TimeSeries& series) {
  const int resolution = time_resolution_log2(series.statistic);
  std::int64_t last = 0;
  for (float& value : series.values) {
    const auto symbol = take_count(bytes);
    if (!symbol) return false;
    switch (*symbol) {
      case kNaNSymbol: value = std::numeric_limits<float>::quiet_NaN(); break;
      case kMinusInfinitySymbol: value = -std::numeric_limits<float>::infinity(); break;
      case kInfinitySymbol: value = std::numeric_limits<float>::infinity(); break;
      default: {
        // Unsigned, so that a damaged file cannot overflow.
        last = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(last) +
            static_cast<std::uint64_t>(unzigzag(*symbol - kFirstDifference)));
        value = static_cast<float>(std::ldexp(static_cast<double>(last), resolution));
      }
    }
  }
  return bytes.empty();
}

std::int64_t PackedStep::size_bytes() const {
  return static_cast<std::int64_t>(
      sizeof(PackedStep) + bytes.size() + sketches.size() * sizeof(PackedSketch) +
      rest.activations.size() * sizeof(ActivationRecord) + rest.joins.size() * sizeof(JoinRecord) +
      rest.symmetries.size() * sizeof(SymmetryRecord) + rest.times.size() * sizeof(TimeRecord) +
      time_series.size() * sizeof(PackedTimeSeries));
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
                 .symmetries = step.symmetries,
                 .times = {}};
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
         .log2_scale = static_cast<int>(std::lrint(sketch.log2_scale)),
         .histogram_bytes = static_cast<std::uint32_t>(middle - begin),
         .format_loss_bytes = static_cast<std::uint32_t>(packed.bytes.size() - middle)});
  }
  for (const TimeRecord& record : step.times) {
    for (const TimeSeries& series : record.series) {
      const std::size_t begin = packed.bytes.size();
      append_time_series(series, record.time_steps, packed.bytes);
      packed.time_series.push_back(
          {.record = packed.rest.times.size(),
           .quantity = series.quantity,
           .statistic = series.statistic,
           .series_bytes = static_cast<std::uint32_t>(packed.bytes.size() - begin)});
    }
    packed.rest.times.push_back({.path = record.path,
                                 .reverse = record.reverse,
                                 .time_steps = record.time_steps,
                                 .units = record.units,
                                 .series = {}});
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
