// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "plumb/zoo/peers/peer.h"

// Tools that judge each layer by thresholds of its own tensors.
namespace plumb::zoo {

namespace {

bool is_bad(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

bool is_relu(const LayerInfo& info) { return info.kind == "relu"; }
bool is_bounded(const LayerInfo& info) { return info.kind == "tanh" || info.kind == "sigmoid"; }

/// Whether the last five of the epochs' losses did not fall at all.
bool does_not_fall(const PeerView& view) {
  const auto& epochs = view.epochs();
  if (epochs.size() < 2) return false;
  const std::size_t first = epochs.size() > 5 ? epochs.size() - 5 : 0;
  return !(epochs.back().loss < epochs[first].loss);
}

}  // namespace

/// Mean |gradient of a weight| below 1e-7; half of the values before a tanh or sigmoid beyond 5 (by
/// the record: saturated); 70 % zeros behind a relu at the end; a mean that is NaN, infinite or
/// zero; a loss that does not fall over five epochs; weights that do not change.
Symptoms deep_diagnosis(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    const bool last = &step == &view.steps().back();
    for (const PeerView::Layer& layer : step.layers) {
      if (is_bad(layer.output) || is_bad(layer.grad_weight)) found.insert("numerical");
      if (layer.output != nullptr && layer.output->count > 0 && layer.output->rms() == 0) {
        found.insert("numerical");
      }
      if (layer.grad_weight != nullptr && mean_magnitude(*layer.grad_weight) < 1e-7) {
        found.insert("vanishing");
      }
      if (last && layer.output != nullptr && is_relu(*layer.info) &&
          layer.output->zero_fraction() >= 0.7) {
        found.insert("dead");
      }
      if (layer.update != nullptr && layer.update->rms() == 0) found.insert("unchanged");
    }
    for (const ActivationRecord& activation : step.record->activations) {
      const LayerInfo& info = view.run().info.layer(activation.layer);
      if (is_bounded(info) && activation.saturated_fraction > 0.5) found.insert("saturated");
    }
  }
  const RunInfo& info = view.run().info;
  if (!info.layers.empty() && info.classes == 0 && is_bounded(info.layers.back()) &&
      info.data_info) {
    const double low = info.layers.back().kind == "tanh" ? -1 : 0;
    for (const ColumnInfo& target : info.data_info->targets) {
      if (target.smallest < low || target.largest > 1) found.insert("out_of_range");
    }
  }
  if (does_not_fall(view)) found.insert("not_learning");
  return found;
}

/// Mean |gradient| of a weight below 1e-7; NaN or infinity in any tensor; half of a relu layer's
/// units zero for all samples; half of the units beyond |tanh| = 0.95; a loss that fell by less
/// than 0.1 % in an epoch's time; an update over its weight above 10 or below 1e-8; a tensor of
/// zeros.
Symptoms sagemaker_debugger(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    for (const PeerView::Layer& layer : step.layers) {
      for (const Sketch* sketch : {layer.output, layer.weight, layer.grad_weight}) {
        if (sketch == nullptr || sketch->count == 0) continue;
        if (is_bad(sketch)) found.insert("exploding");
        if (sketch->zero_count == sketch->count) found.insert("all_zero");
      }
      if (layer.grad_weight != nullptr && mean_magnitude(*layer.grad_weight) < 1e-7) {
        found.insert("vanishing");
      }
      if (layer.update != nullptr && layer.weight != nullptr) {
        const double ratio = norm(*layer.update) / norm(*layer.weight);
        if (ratio > 10 || ratio < 1e-8) found.insert("update_ratio");
      }
    }
    for (const ActivationRecord& activation : step.record->activations) {
      const LayerInfo& info = view.run().info.layer(activation.layer);
      if (is_relu(info) && activation.dead_units * 2 > activation.units) found.insert("dead_relu");
      if (is_bounded(info) && activation.saturated_fraction > 0.5) found.insert("saturated");
    }
  }
  const auto& epochs = view.epochs();
  for (std::size_t i = 1; i < epochs.size(); ++i) {
    if (!(epochs[i].loss < epochs[i - 1].loss * 0.999)) found.insert("loss_not_decreasing");
  }
  return found;
}

/// Of a weight: mean |gradient| below 1e-6 or above 1e6; log10 of mean |update| over mean |weight|,
/// averaged over the steps, outside -4 .. -1. Half of a layer's units with next to no output, or in
/// the flat ends of a tanh or sigmoid; from step 10 on, as those of the gradient. Inputs that are
/// neither standardised nor in 0 .. 1 or -1 .. 1; the first loss of a classifier ln C and more off
/// ln C; equal rows at the start. (Its F-test of the initial weights and its spread of activations
/// in 0.5 .. 2 are left out, as are its checks of data and of overfitting.)
Symptoms deep_checker(const PeerView& view) {
  constexpr std::int64_t kFirstStep = 10;
  Symptoms found;
  std::map<LayerId, std::pair<double, double>> ratios;  // sum and count
  for (const PeerView::Step& step : view.steps()) {
    const bool late = step.record->step >= kFirstStep;
    for (const PeerView::Layer& layer : step.layers) {
      if (is_bad(layer.output) || is_bad(layer.weight) || is_bad(layer.grad_weight)) {
        found.insert("non_finite");
      }
      if (late && layer.grad_weight != nullptr) {
        if (mean_magnitude(*layer.grad_weight) < 1e-6) found.insert("vanishing");
        if (mean_magnitude(*layer.grad_weight) > 1e6) found.insert("exploding");
      }
      if (layer.update == nullptr || layer.weight == nullptr) continue;
      const double ratio = norm(*layer.update) / norm(*layer.weight);
      if (!(ratio > 0) || !std::isfinite(ratio)) continue;
      ratios[layer.id].first += std::log10(ratio);
      ++ratios[layer.id].second;
    }
    for (const ActivationRecord& activation : step.record->activations) {
      const LayerInfo& info = view.run().info.layer(activation.layer);
      if (!late) continue;
      if (is_relu(info) && activation.dead_units * 2 > activation.units) found.insert("dead");
      if (is_bounded(info) && activation.saturated_fraction > 0.5) found.insert("saturated");
    }
    for (const SymmetryRecord& symmetry : step.record->symmetries) {
      if (step.record->step == 0 && symmetry.duplicate_units + 1 == symmetry.units &&
          symmetry.units > 1) {
        found.insert("same_weights");
      }
    }
  }
  for (const auto& [layer, sum] : ratios) {
    if (sum.first > -1 * sum.second) found.insert("update_large");
    if (sum.first < -4 * sum.second) found.insert("update_small");
  }
  const Run& run = view.run();
  if (run.info.data_info) {
    for (const ColumnInfo& column : run.info.data_info->inputs) {
      constexpr double kNear = 0.05;
      const bool standard = std::abs(column.mean) < kNear && std::abs(column.deviation - 1) < kNear;
      const bool ranged =
          std::abs(column.largest - 1) < kNear &&
          (std::abs(column.smallest) < kNear || std::abs(column.smallest + 1) < kNear);
      if (!standard && !ranged && column.deviation > 0) found.insert("inputs");
    }
  }
  if (run.info.classes > 1 && !run.steps.empty()) {
    const double expected = std::log(static_cast<double>(run.info.classes));
    if (std::abs(run.steps.front().loss - expected) >= expected) found.insert("initial_loss");
  }
  return found;
}

/// In the second half of the steps: the mean norm of the first layer's flow gradient a hundredth of
/// the last one's; half of the outputs of a layer zero, or beyond 0.95 of a tanh or sigmoid, in
/// half of them; the median of update over weight below 1e-5 or above 0.1. Of all steps: a flow
/// gradient above 1000, or below 1e-8 in three of ten; a weight ten times as large at the end.
/// (Left out: its ranks, noise and curvature, and a weight's norm that hardly changes.)
Symptoms torchmortem(const PeerView& view) {
  struct Sums {
    double late = 0;
    std::size_t tiny = 0, zeros = 0, flat = 0;
    std::vector<double> ratios;
    double first_weight = 0, last_weight = 0;
  };
  Symptoms found;
  std::map<LayerId, Sums> layers;
  const std::size_t all = view.steps().size(), half = all / 2;
  for (std::size_t s = 0; s < all; ++s) {
    const PeerView::Step& step = view.steps()[s];
    for (const PeerView::Layer& layer : step.layers) {
      Sums& sums = layers[layer.id];
      if (s >= half && layer.output != nullptr) sums.zeros += layer.output->zero_fraction() > 0.5;
      if (!layer.is_linear()) continue;
      if (layer.grad_output != nullptr) {
        const double size = norm(*layer.grad_output);
        if (size > 1000) found.insert("exploding");
        sums.tiny += size < 1e-8;
        if (s >= half) sums.late += size;
      }
      const double weight = norm(*layer.weight);
      if (s == 0) sums.first_weight = weight;
      sums.last_weight = weight;
      if (s >= half && layer.update != nullptr) sums.ratios.push_back(norm(*layer.update) / weight);
    }
    for (const ActivationRecord& activation : step.record->activations) {
      const bool bounded = is_bounded(view.run().info.layer(activation.layer));
      layers[activation.layer].flat += s >= half && bounded && activation.saturated_fraction > 0.5;
    }
  }
  const Sums* first = nullptr;
  const Sums* last = nullptr;
  for (const auto& [id, sums] : layers) {
    const std::size_t late = all - half;
    if (sums.zeros > 0 && 2 * sums.zeros >= late) found.insert("dead");
    if (sums.flat > 0 && 2 * sums.flat >= late) found.insert("saturated");
    if (sums.tiny > 0 && 10 * sums.tiny >= 3 * all) found.insert("vanishing");
    if (sums.first_weight > 0 && sums.last_weight > 10 * sums.first_weight) found.insert("weights");
    if (sums.last_weight == 0 && sums.ratios.empty()) continue;
    if (first == nullptr) first = &sums;
    last = &sums;
    if (sums.ratios.empty()) continue;
    std::vector<double> ratios = sums.ratios;
    std::ranges::sort(ratios);
    const double middle = ratios[ratios.size() / 2];
    if (middle > 0.1) found.insert("update_large");
    if (middle > 0 && middle < 1e-5) found.insert("update_small");
  }
  if (first != nullptr && first != last && last->late > 0 && first->late * 100 <= last->late) {
    found.insert("vanishing");
  }
  return found;
}

/// The flow gradient of a module below 1e-6 or above 50; more than half zeros in what it passes on.
Symptoms graphyco(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    for (const PeerView::Layer& layer : step.layers) {
      if (layer.grad_output != nullptr) {
        const double log2_rms = layer.grad_output->true_log2_rms();
        if (log2_rms < std::log2(1e-6)) found.insert("vanishing");
        if (log2_rms > std::log2(50.0)) found.insert("exploding");
      }
      if (layer.output != nullptr && layer.output->zero_fraction() > 0.5) found.insert("dead");
    }
  }
  return found;
}

/// The norm of an operation's gradient below 1e-7 or above 1e4.
Symptoms torchlens(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    for (const PeerView::Layer& layer : step.layers) {
      if (layer.grad_output == nullptr) continue;
      if (norm(*layer.grad_output) < 1e-7) found.insert("vanishing");
      if (norm(*layer.grad_output) > 1e4) found.insert("exploding");
    }
  }
  return found;
}

}  // namespace plumb::zoo
