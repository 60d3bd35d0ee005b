// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/time_recorder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/stats/gate_stats.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

bool is_tanh(TimeQuantity quantity) {
  return quantity == TimeQuantity::h || quantity == TimeQuantity::cell_gate ||
         quantity == TimeQuantity::new_gate;
}

bool is_judged_as_gate(TimeQuantity quantity) {
  return is_gate(quantity) || quantity == TimeQuantity::h;
}

void add(MeanSquare& to, const MeanSquare& value, TimeStatistic statistic) {
  if (to.count == 0) {
    to = value;
  } else if (statistic == TimeStatistic::log2_rms) {
    to.merge(value);
  } else if (value.count > 0) {
    const double all = to.count + value.count;
    to.log2_rms = (to.log2_rms * to.count + value.log2_rms * value.count) / all;
    to.count = all;
  }
}

}  // namespace

TimeRecorder::Layer& TimeRecorder::find(LayerId layer, bool reverse) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (layers_[i].layer == layer && layers_[i].reverse == reverse) return layers_[i];
  }
  if (used_ == layers_.size()) layers_.emplace_back();
  Layer& one = layers_[used_++];
  one.layer = layer;
  one.reverse = reverse;
  one.time_steps = 0;
  for (auto& statistics : one.series) {
    for (Series& values : statistics) values.clear();
  }
  return one;
}

void TimeRecorder::put(Layer& layer, std::int64_t t, TimeQuantity quantity, TimeStatistic statistic,
                       const MeanSquare& value) {
  Series& kept =
      layer.series[static_cast<std::size_t>(quantity)][static_cast<std::size_t>(statistic)];
  const auto place = static_cast<std::size_t>(t);
  if (kept.size() <= place) kept.resize(place + 1);
  add(kept[place], value, statistic);
}

void TimeRecorder::judge_gate(Layer& layer, std::int64_t t, TimeQuantity quantity,
                              ConstView values) {
  const bool tanh = is_tanh(quantity);
  const GateStats stats =
      gate_stats(values, tanh ? -kTanhFlat : kSigmoidFlat, tanh ? kTanhFlat : 1 - kSigmoidFlat);
  const auto count = static_cast<double>(values.shape.size());
  put(layer, t, quantity, TimeStatistic::mean, {count, stats.mean});
  put(layer, t, quantity, TimeStatistic::low_fraction, {count, stats.low_fraction});
  put(layer, t, quantity, TimeStatistic::high_fraction, {count, stats.high_fraction});
}

void TimeRecorder::tell(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                        ConstView values, double log2_scale) {
  Layer& at = find(layer, reverse);
  at.time_steps = std::max(at.time_steps, t + 1);
  at.units = values.shape.row_size();
  if (!is_gate(quantity)) {
    const auto count = static_cast<double>(values.shape.size());
    put(at, t, quantity, TimeStatistic::log2_rms, {count, log2_rms(values) + log2_scale});
  }
  if (is_judged_as_gate(quantity)) judge_gate(at, t, quantity, values);
}

void TimeRecorder::tell(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                        const ObservedView& values) {
  Layer& at = find(layer, reverse);
  at.time_steps = std::max(at.time_steps, t + 1);
  at.units = values.units();
  if (!is_gate(quantity)) {
    put(at, t, quantity, TimeStatistic::log2_rms, mean_square(values));
  }
  if (!is_judged_as_gate(quantity)) return;
  scratch_.resize(static_cast<std::size_t>(values.values.size()));
  KeptReader reader(values);
  const auto count = static_cast<std::int64_t>(reader.next(std::span(scratch_)));
  judge_gate(at, t, quantity, {scratch_.data(), DType::f32, Shape{count}});
}

void TimeRecorder::merge(Layer& into, Layer& from) {
  into.time_steps = std::max(into.time_steps, from.time_steps);
  for (std::size_t q = 0; q < kTimeQuantityCount; ++q) {
    for (std::size_t s = 0; s < kTimeStatisticCount; ++s) {
      for (std::size_t t = 0; t < from.series[q][s].size(); ++t) {
        put(into, static_cast<std::int64_t>(t), static_cast<TimeQuantity>(q),
            static_cast<TimeStatistic>(s), from.series[q][s][t]);
      }
    }
  }
}

void TimeRecorder::on_output(LayerId layer) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (layers_[i].layer != kNoLayer) continue;
    const bool reverse = layers_[i].reverse;
    const auto same = [&](const Layer& one) {
      return one.layer == layer && one.reverse == reverse;
    };
    const auto end = layers_.begin() + static_cast<std::ptrdiff_t>(used_);
    if (const auto before = std::find_if(layers_.begin(), end, same); before != end) {
      merge(*before, layers_[i]);
      std::rotate(layers_.begin() + static_cast<std::ptrdiff_t>(i),
                  layers_.begin() + static_cast<std::ptrdiff_t>(i + 1), end);
      --used_;
      --i;
    } else {
      layers_[i].layer = layer;
    }
  }
}

void TimeRecorder::finish(const RunInfo& info, std::vector<TimeRecord>& records) {
  records.resize(used_);
  for (std::size_t i = 0; i < used_; ++i) {
    const Layer& from = layers_[i];
    TimeRecord& to = records[i];
    if (from.layer == kNoLayer) {
      throw UsageError(
          "Recorder::finish: time steps of no layer, and no output came after them: call output() "
          "of the layer");
    }
    const auto& cell = info.layer(from.layer).cell;
    const bool is_plain_tanh = cell && cell->state_activation == "tanh";
    to.layer = from.layer;
    to.reverse = from.reverse;
    to.time_steps = from.time_steps;
    to.units = from.units;
    std::size_t count = 0;
    for (std::size_t q = 0; q < kTimeQuantityCount; ++q) {
      for (std::size_t s = 0; s < kTimeStatisticCount; ++s) {
        const Series& values = from.series[q][s];
        const auto statistic = static_cast<TimeStatistic>(s);
        const bool state =
            static_cast<TimeQuantity>(q) == TimeQuantity::h && statistic != TimeStatistic::log2_rms;
        if (values.empty() || (state && !is_plain_tanh)) continue;
        if (count == to.series.size()) to.series.emplace_back();
        TimeSeries& series = to.series[count++];
        series.quantity = static_cast<TimeQuantity>(q);
        series.statistic = statistic;
        series.values.assign(static_cast<std::size_t>(from.time_steps), kNaN);
        for (std::size_t t = 0; t < values.size(); ++t) {
          if (values[t].count > 0) series.values[t] = time_value(values[t].log2_rms, statistic);
        }
      }
    }
    to.series.resize(count);
  }
}

}  // namespace plumb
