// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

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

/// log10 of update over weight outside -4 .. -1 on average over the steps; half of a relu layer
/// dead for a window; the first loss of a classifier more than twice ln C away; equal rows at the
/// start.
Symptoms deep_checker(const PeerView& view) {
  Symptoms found;
  std::size_t large = 0, small = 0, judged = 0;
  for (const PeerView::Step& step : view.steps()) {
    for (const PeerView::Layer& layer : step.layers) {
      if (is_bad(layer.output) || is_bad(layer.weight)) found.insert("non_finite");
      if (layer.update == nullptr || layer.weight == nullptr) continue;
      const double ratio = std::log10(norm(*layer.update) / norm(*layer.weight));
      ++judged;
      large += ratio > -1;
      small += ratio < -4;
    }
    for (const ActivationRecord& activation : step.record->activations) {
      const LayerInfo& info = view.run().info.layer(activation.layer);
      if (is_relu(info) && activation.dead_units * 2 > activation.units) found.insert("dead");
    }
    for (const SymmetryRecord& symmetry : step.record->symmetries) {
      if (step.record->step == 0 && symmetry.duplicate_units + 1 == symmetry.units &&
          symmetry.units > 1) {
        found.insert("same_weights");
      }
    }
  }
  if (2 * large > judged) found.insert("update_large");
  if (2 * small > judged) found.insert("update_small");
  const Run& run = view.run();
  if (run.info.classes > 1 && !run.steps.empty()) {
    const double expected = std::log(static_cast<double>(run.info.classes));
    const double first = run.steps.front().loss;
    if (first > 2 * expected || first < expected / 2) found.insert("initial_loss");
  }
  return found;
}

/// The flow gradient of the first layer a hundred times smaller or larger than that of the last.
Symptoms torchmortem(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    std::vector<const Sketch*> flow;
    for (const PeerView::Layer& layer : step.layers) {
      if (layer.is_linear() && layer.grad_output != nullptr) flow.push_back(layer.grad_output);
    }
    if (flow.size() < 2) continue;
    const double log2_ratio = flow.front()->true_log2_rms() - flow.back()->true_log2_rms();
    if (log2_ratio < -std::log2(100.0)) found.insert("vanishing");
    if (log2_ratio > std::log2(100.0)) found.insert("exploding");
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
