// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/time_recorder.h"

#include <algorithm>
#include <limits>

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

// Its activation is an option of the network string, and tanh without one.
bool is_plain_tanh(const Node& node) {
  const auto says = [&](const char* word) { return node.text.find(word) != std::string::npos; };
  return node.kind() == "rnn" && !says("act=relu") && !says("act=sigmoid") &&
         !says("act=identity") && !says("irnn");
}

}  // namespace

void TimeRecorder::begin() {
  used_ = 0;
  current_ = nullptr;
}

TimeRecorder::Layer& TimeRecorder::layer(bool reverse) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (layers_[i].node == current_ && layers_[i].reverse == reverse) return layers_[i];
  }
  if (used_ == layers_.size()) layers_.emplace_back();
  Layer& layer = layers_[used_++];
  layer.node = current_;
  layer.reverse = reverse;
  layer.time_steps = 0;
  for (auto& statistics : layer.series) {
    for (auto& values : statistics) values.clear();
  }
  return layer;
}

void TimeRecorder::tell(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                        int log2_scale) {
  Layer& at = layer(reverse);
  at.time_steps = std::max(at.time_steps, t + 1);
  at.units = values.shape.row_size();
  auto& series = at.series[static_cast<std::size_t>(quantity)];
  const auto put = [&](TimeStatistic statistic, double value) {
    std::vector<float>& kept = series[static_cast<std::size_t>(statistic)];
    const auto place = static_cast<std::size_t>(t);
    if (kept.size() <= place) kept.resize(place + 1, kNaN);
    kept[place] = time_value(value, statistic);
  };
  if (!is_gate(quantity)) put(TimeStatistic::log2_rms, log2_rms(values) + log2_scale);
  if (!is_gate(quantity) && quantity != TimeQuantity::h) return;
  const bool tanh = is_tanh(quantity);
  const GateStats stats =
      gate_stats(values, tanh ? -kTanhFlat : kSigmoidFlat, tanh ? kTanhFlat : 1 - kSigmoidFlat);
  put(TimeStatistic::mean, stats.mean);
  put(TimeStatistic::low_fraction, stats.low_fraction);
  put(TimeStatistic::high_fraction, stats.high_fraction);
}

void TimeRecorder::on_output(const Node& node) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (layers_[i].node == nullptr) layers_[i].node = &node;
  }
}

void TimeRecorder::on_gradient(const Node& node) { current_ = &node; }

void TimeRecorder::finish(std::vector<TimeRecord>& records) {
  records.resize(used_);
  for (std::size_t i = 0; i < used_; ++i) {
    Layer& from = layers_[i];
    TimeRecord& to = records[i];
    if (from.node == nullptr) {
      throw UsageError(
          "Probe saw the time steps of a pass but not its outputs: pass it to Network::forward "
          "too");
    }
    to.path = from.node->path;
    to.reverse = from.reverse;
    to.time_steps = from.time_steps;
    to.units = from.units;
    std::size_t count = 0;
    for (std::size_t q = 0; q < kTimeQuantityCount; ++q) {
      for (std::size_t s = 0; s < kTimeStatisticCount; ++s) {
        std::vector<float>& values = from.series[q][s];
        const bool state = static_cast<TimeQuantity>(q) == TimeQuantity::h && s > 0;
        if (values.empty() || (state && !is_plain_tanh(*from.node))) {
          continue;
        }
        values.resize(static_cast<std::size_t>(from.time_steps), kNaN);
        if (count == to.series.size()) to.series.emplace_back();
        TimeSeries& series = to.series[count++];
        series.quantity = static_cast<TimeQuantity>(q);
        series.statistic = static_cast<TimeStatistic>(s);
        series.values.assign(values.begin(), values.end());
      }
    }
    to.series.resize(count);
  }
}

}  // namespace plumb
